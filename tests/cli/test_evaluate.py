from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

Cli = Callable[..., tuple[int, str, str]]


def test_evaluating_writes_the_json_that_is_promised(cli: Cli, run: Path, tmp_path: Path) -> None:
    line = "--team A=3,B=1 --prey flee --episodes 20 --seed 7 --messages off --backend batched --max-cycles 15"
    status, out, err = cli("evaluate", run, *line.split(), "--json", tmp_path / "out.json")
    assert (status, err) == (0, "")
    assert "team A=3,B=1, prey flee, max cycles 15, backend batched, messages off" in " ".join(out.split())
    result = json.loads((tmp_path / "out.json").read_text())
    told = {name: value for name, value in result.items() if name == "team" or not isinstance(value, dict)}
    assert told == {
        "policy": str(run),
        "team": {"A": 3, "B": 1},
        "prey": "flee",
        "episodes": 20,
        "episodes_cut": 0,
        "max_cycles": 15,
        "backend": "batched",
        "messages": False,
        "deterministic": False,
        "seed": 7,
    }
    for measure in ("contacts_per_episode", "return_per_predator", "share_with_contact", "first_contact_step"):
        assert {"mean", "ci95"} <= set(result[measure])
    low, high = result["return_per_predator"]["ci95"]
    assert result["return_per_predator"]["minimum"] <= low
    assert high <= result["return_per_predator"]["maximum"]
    assert low <= result["return_per_predator"]["mean"] <= high
    cli("evaluate", run, *line.split(), "--json", tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == (tmp_path / "out.json").read_text()


def test_fields_of_the_environment_are_set_as_in_training(cli: Cli, run: Path, tmp_path: Path) -> None:
    line = "--env.max-cycles 7 --env.team.A=1 --env.prey still --episodes 4"
    status, out, _ = cli("evaluate", run, *line.split(), "--json", tmp_path / "out.json")
    assert status == 0
    result = json.loads((tmp_path / "out.json").read_text())
    assert (result["max_cycles"], result["team"]["A"], result["prey"]) == (7, 1, "still")
    line = (
        "--policy random --task FrozenLake-v1 --env.arguments.is_slippery False --env.max-episode-steps=3 --episodes 2"
    )
    status, out, _ = cli("evaluate", *line.split())
    assert "arguments is_slippery=False, max episode steps 3" in " ".join(out.split())
    assert (
        cli("evaluate", "--policy", "random", "--env.name", "habits:Walk-v0", "--episodes", "2")[0] == 0
    )  # it is typed


def test_the_choice_of_actions_is_told(cli: Cli, run: Path, tmp_path: Path) -> None:
    """Drawn unless the likeliest are asked for; a table takes the best either way, a reference has its own rule."""
    preset = tmp_path / "table.yaml"
    preset.write_text("env: {name: FrozenLake-v1}\nalgorithm: {name: q_learning}\n")
    table = tmp_path / "table"
    assert cli("train", preset, "--out", table, "--total-env-steps", 64, "--evaluation-episodes", 1)[0] == 0
    told = {
        ", actions drawn, seed 0": [run],
        ", likeliest actions, seed 0": [run, "--deterministic"],
        ", best actions, seed 0": [table],
        "FrozenLake-v1, seed 0": ["--policy", "random", "--task", "FrozenLake-v1"],
    }
    for words, line in told.items():
        assert words in " ".join(cli("evaluate", *line, "--episodes", 2)[1].split())


def test_references_are_evaluated_without_a_run(cli: Cli, tmp_path: Path) -> None:
    means = {}
    for policy in ("chase", "random"):
        line = f"--policy {policy} --team A=1,B=1 --prey still --episodes 30 --json {tmp_path / 'out.json'}"
        assert cli("evaluate", *line.split())[0] == 0
        means[policy] = json.loads((tmp_path / "out.json").read_text())["contacts_per_episode"]["mean"]
    assert means["chase"] > 5 * means["random"]


def test_damaged_policies_are_refused(cli: Cli, run: Path, tmp_path: Path) -> None:
    whole = (run / "policy" / "policy.safetensors").read_bytes()
    for name, content, told in (
        ("cut", whole[:-100], "is damaged: it was cut short"),
        ("foreign", b"\x80\x04pickle", "is truncated or not of this package"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "policy.safetensors").write_bytes(content)
        status, _, err = cli("evaluate", tmp_path / name)
        assert status == 2
        assert f"{name}/policy.safetensors {told}" in err


def test_episodes_that_never_end_are_cut_and_told(cli: Cli, tmp_path: Path) -> None:
    line = "--policy random --task habits:Cage-v0 --episodes 3 --max-steps 20"
    status, out, err = cli("evaluate", *line.split(), "--json", tmp_path / "out.json")
    assert status == 0
    assert "over 3 episodes, 3 of them cut" in out
    assert "note: 3 of 3 episodes were cut after 20 steps and count with what they had brought" in err
    result = json.loads((tmp_path / "out.json").read_text())
    assert (result["episodes_cut"], result["episode_length"]["mean"]) == (3, 20)
    status, _, err = cli("evaluate", *line.split()[:-1], 0)
    assert status == 2
    assert "max-steps is 0" in err
