from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import pytest
import torch

from marl.cli.main import COMMANDS, main
from marl.training.run_config import load_config

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command line; return its exit status and what it printed."""

    def run_line(*arguments: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return run_line


@pytest.fixture(autouse=True)
def _threads() -> Any:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_help_of_every_command_explains_itself(cli: Cli, preset_file: Path) -> None:
    status, out, _ = cli("--help")
    assert status == 0
    for command in COMMANDS:
        assert f"\n  {command} " in out
        status, text, _ = cli(command, "--help")
        assert status == 0
        assert f"usage: marl {command}" in text
    status, out, _ = cli("train", preset_file, "--help")
    assert status == 0
    for field in ("--total-env-steps", "--env.communication.range", "--policy.encoder.transformer.window"):
        assert field in out
    assert "How long to train, in env steps." in out


def test_help_is_quick_and_works_as_a_module(tmp_path: Path) -> None:
    script = "import sys; from marl.cli.main import main; main(['--help']); print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out.endswith("False\n")
    module = [sys.executable, "-m", "marl", "--help"]
    assert subprocess.run(module, capture_output=True, text=True, check=True, cwd=tmp_path).stdout == out[:-6]


def test_without_a_command_or_with_a_wrong_one_the_status_is_2(cli: Cli) -> None:
    assert cli()[0] == 2
    status, _, err = cli("trian")
    assert status == 2
    names = "train, evaluate, render, compare, generalise, alternate, play, tournament"
    assert f"there is no command 'trian'; there is {names}" in err


def test_training_with_every_kind_of_override(cli: Cli, preset_file: Path, tmp_path: Path) -> None:
    overrides = (
        "--total-env-steps=256 --seed 5 --team A=1,C=2 --prey flee --env.num-prey 2 --env.continuous-actions "
        "--env.communication.range None --env.communication.nearest 1 --policy.no-normalise-value "
        "--policy.encoder.hidden 24 16 --policy.critic.entity_hidden 8 --algorithm.name a2c "
        "--algorithm.learning-rate 0.002 0.0001 --algorithm.gamma 0.9 --evaluation-episodes 2"
    )
    classes = "{A: [landmarks], C: [prey, teammates]}"
    arguments = ("--out", tmp_path / "x", *overrides.split(), "--env.classes", classes)
    status, out, err = cli("train", preset_file, *arguments)
    assert (status, err) == (0, "")
    assert "100%" in out
    assert str(tmp_path / "x" / "policy") in out
    config = load_config(tmp_path / "x" / "config.yaml")
    env, policy, algorithm = config.env, config.policy, config.algorithm
    assert (config.total_env_steps, config.seed) == (256, 5)
    assert (env.team, env.prey, env.num_prey, env.continuous_actions) == ({"A": 1, "C": 2}, "flee", 2, True)
    assert env.classes == {"A": ("landmarks",), "C": ("prey", "teammates")}
    assert (env.communication.range, env.communication.nearest) == (None, 1)
    assert (policy.normalise_value, policy.encoder.hidden, policy.critic.entity_hidden) == (False, (24, 16), (8,))
    assert (algorithm.name, algorithm.learning_rate, algorithm.gamma) == ("a2c", (0.002, 0.0001), 0.9)
    assert algorithm.auxiliary_coef == 0.5


def test_a_list_may_have_one_word_and_a_schedule_become_a_number(cli: Cli, preset_file: Path, tmp_path: Path) -> None:
    line = "--total-env-steps 256 --policy.encoder.hidden 8 --env.classes.A prey --algorithm.learning-rate 0.002"
    none = "--policy.graph.kind none --algorithm.normalise-advantage none --threads None"
    assert cli("train", preset_file, "--out", tmp_path / "x", *line.split(), *none.split())[0] == 0
    config = load_config(tmp_path / "x" / "config.yaml")
    assert (config.policy.encoder.hidden, config.env.classes["A"]) == ((8,), ("prey",))
    assert (config.algorithm.learning_rate, config.policy.graph.kind, config.threads) == (0.002, "none", None)


def test_messages_can_be_taken_away_and_reinforce_chosen(cli: Cli, preset_file: Path, tmp_path: Path) -> None:
    line = "--total-env-steps 256 --env.communication None --algorithm.name=reinforce --evaluation-episodes 2"
    assert cli("train", preset_file, "--out", tmp_path / "x", *line.split())[0] == 0
    config = load_config(tmp_path / "x" / "config.yaml")
    assert config.env.communication is None
    assert (config.algorithm.name, config.algorithm.gae_lambda) == ("reinforce", 1.0)


def test_a_run_is_resumed_and_extended(cli: Cli, preset_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "x"
    assert cli("train", preset_file, "--out", folder, "--total-env-steps", 256)[0] == 0
    status, out, _ = cli("train", "--resume", folder)
    assert status == 0
    assert "has done its 256 env steps; for more: --total-env-steps N" in out
    status, out, _ = cli("train", "--resume", folder, "--total-env-steps", 300)
    assert status == 0
    assert "from env step 256 to 300" in out
    assert "100%  512 env steps" in out
    assert load_config(folder / "config.yaml").total_env_steps == 300


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--team A=2,Z=1", "team names class 'Z', which is not declared; declared are A, B"),
        ("--team A=0,B=0", "team {'A': 0, 'B': 0} has no predators; give at least one"),
        ("--team nonsense", "--team: team 'nonsense': 'nonsense' is not NAME=COUNT; write for example A=2,B=2"),
        ("--prey nonsense", "prey is 'nonsense'; what there is: random, still, flee"),
        ("--env.classes {A:[", "is not YAML; write for example"),
        ("--env.classes.A []", "class 'A' sees nothing; give it at least one of landmarks, prey"),
        ("--env.communication.range -1", "env.communication.range is '-1': input should be greater than or equal to 0"),
        ("--policy.encoder.transformer.window 0", "policy.encoder.transformer.window is '0': input should be greater"),
        ("--policy.encoder.transformer.heads 3", "policy: 3 attention heads do not divide the token width 16"),
        ("--env.name chess", "env.name is 'chess', which no installed package offers; there is: "),
        ("--algorithm.name muzero", "algorithm.name is 'muzero'; there is ppo, a2c, reinforce"),
        ("--num-copies many", "num_copies is 'many': input should be a valid integer"),
        ("--device tpu", "device is 'tpu'; write cpu, cuda, cuda:N or auto"),
        ("--env.bogus 3", "Unrecognized options: --env.bogus"),
        ("--bogus", "Unrecognized options: --bogus"),
        ("--seed", "Missing value for argument '--seed'"),
        ("--resume y", "a run has its own settings"),
    ],
)
def test_bad_options_of_train_are_refused_before_any_work(
    line: str, message: str, cli: Cli, preset_file: Path, tmp_path: Path
) -> None:
    status, out, err = cli("train", preset_file, "--out", tmp_path / "x", *line.split())
    assert status == 2
    assert message in " ".join(err.split())
    assert "training" not in out
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "name a preset first"),
        ("nowhere.yaml --out x", "preset nowhere.yaml does not exist"),
        ("{preset}", "name the folder of the run: --out runs/NAME"),
        ("{preset} --out {run}", "exists and is not empty; name another with --out"),
        ("--resume nowhere", "nowhere is not a run (there is no such folder)"),
        ("--resume {run} --policy.graph.kind none", "policy.graph.kind is 'none', but the run was trained with 'gat'"),
        ("--resume {run} --out x", "(not both)"),
    ],
)
def test_bad_places_of_train_are_refused(line: str, message: str, cli: Cli, preset_file: Path, run: Path) -> None:
    status, _, err = cli("train", *line.format(preset=preset_file, run=run).split())
    assert status == 2
    assert message in err


def test_what_stops_training_has_status_1(cli: Cli, preset_file: Path, tmp_path: Path) -> None:
    status, _, err = cli("train", preset_file, "--out", tmp_path / "x", "--algorithm.learning-rate", "1e38")
    assert status == 1
    assert "is not finite; no checkpoint was written yet" in err


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
        "max_cycles": 15,
        "backend": "batched",
        "messages": "off",
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


def test_references_are_evaluated_without_a_run(cli: Cli, tmp_path: Path) -> None:
    means = {}
    for policy in ("chase", "random"):
        line = f"--policy {policy} --team A=1,B=1 --prey still --episodes 30 --json {tmp_path / 'out.json'}"
        assert cli("evaluate", *line.split())[0] == 0
        means[policy] = json.loads((tmp_path / "out.json").read_text())["contacts_per_episode"]["mean"]
    assert means["chase"] > 5 * means["random"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("evaluate", "nobody plays; name a run's folder or a reference: marl evaluate RUN"),
        ("evaluate nowhere", "nowhere does not exist; name the folder of a run"),
        ("evaluate {run} --episodes 0", "--episodes is 0; give at least 1"),
        ("evaluate {run} --seed -1", "--seed is -1; give 0 or more"),
        ("evaluate {run} --team nonsense", "'nonsense' is not NAME=COUNT"),
        ("evaluate {run} --team Z=1", "class 'Z', which is not declared"),
        ("evaluate {run} --prey nonsense", "prey is 'nonsense'"),
        ("evaluate {run} --max-cycles 0", "max_cycles is 0: input should be greater than or equal to 1"),
        ("evaluate {run} --policy chess", "policy is 'chess'; this environment has random, chase"),
        ("evaluate {run} --messages maybe", "invalid choice 'maybe'"),
        ("evaluate {run} --json nowhere/out.json", "--json nowhere/out.json: name a file in a folder that exists"),
        ("render", "nobody plays; name a run's folder or a reference: marl render RUN"),
        ("render nowhere", "nowhere does not exist"),
        ("render {run} --out x.avi", "--out: 'x.avi' ends in '.avi'; an animation ends in .gif or .mp4"),
        ("render {run} --out nowhere/x.gif", "--out: 'nowhere/x.gif': the folder 'nowhere' does not exist"),
        ("render {run} --team A=0,B=0", "has no predators"),
    ],
)
def test_bad_input_of_evaluate_and_render_is_refused(line: str, message: str, cli: Cli, run: Path) -> None:
    status, out, err = cli(*line.format(run=run).split())
    assert (status, out) == (2, "")
    assert message in " ".join(err.split())


def test_damaged_policies_are_refused(cli: Cli, run: Path, tmp_path: Path) -> None:
    whole = (run / "policy" / "policy.safetensors").read_bytes()
    for name, content in {"cut": whole[:-100], "foreign": b"\x80\x04pickle"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "policy.safetensors").write_bytes(content)
        status, _, err = cli("evaluate", tmp_path / name)
        assert status == 2
        assert f"{name}/policy.safetensors is truncated or not of this package" in err


@pytest.mark.parametrize("suffix", ["gif", "mp4"])
def test_rendering_writes_one_frame_a_step(suffix: str, cli: Cli, run: Path, tmp_path: Path) -> None:
    path = tmp_path / f"episode.{suffix}"
    status, out, err = cli("render", run, "--out", path, "--max-cycles", 5, "--team", "A=1,B=2")
    assert (status, err) == (0, "")
    assert f"wrote {path}: 5 steps, contacts" in out
    assert len(iio.imread(path, index=None if suffix == "gif" else ...)) == 5


def test_the_report_compares_and_draws(
    cli: Cli, preset_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marl.cli.closing_report.EPISODES", 10)
    folder = tmp_path / "x"
    status, out, _ = cli("train", preset_file, "--out", folder, "--total-env-steps", 256, "--report")
    assert status == 0
    report = json.loads((folder / "report.json").read_text())
    names = ["trained", "trained, messages off", "chase", "random"]
    assert list(report["policies"]) == names
    assert (folder / "episode.gif").exists()
    for line in (f"tensorboard --logdir {folder}", str(folder / "policy"), str(folder / "episode.gif")):
        assert line in out


def test_a_part_that_is_none_is_named(cli: Cli, preset_file: Path, tmp_path: Path) -> None:
    options = ["--env.communication", "None", "--env.communication.range", "2"]
    status, _, err = cli("train", preset_file, "--out", tmp_path / "x", *options)
    assert status == 2
    assert "env.communication is None here; give the whole part, e.g. --env.communication '{range: ...}'" in " ".join(
        err.split()
    )
