from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import pytest
import torch
import yaml

import marl
from marl.cli.main import main
from marl.system.lock import sole_user
from marl.training.console_progress import TrainingBar

NETWORKS = {
    "encoder": {"hidden": [8], "temporal": "none"},
    "graph": {"kind": "none"},
    "critic": {"hidden": [8], "entity_hidden": [8]},
}
RUN = {"num_copies": 4, "rollout_length": 8, "evaluation_episodes": 2, "threads": 1, "policy": NETWORKS}
EPISODES = 30
PREDATORS = {"name": "simple_tag", "max_cycles": 10, "prey": "flee"}
PREY = {"name": "simple_tag", "side": "prey", "team": {"P": 1}, "classes": {"P": ["predators:4"]}, "max_cycles": 10}


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    for name, env in (("predators", PREDATORS), ("prey", PREY)):
        Path(f"{name}.yaml").write_text(yaml.safe_dump({"env": env, **RUN}))
    for name in ("chase", "flee"):  # ways to move, whatever folders there are
        Path(name).mkdir()
    return ["alternate", "predators.yaml", "prey.yaml", "--rounds", "2", "--env-steps", "64", "--seed", "3"]


def test_two_rounds_stopped_and_gone_on_with(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("marl.analysis.crosstable.EPISODES", EPISODES)
    assert main([*command, "--out", "whole"]) == 0
    capsys.readouterr()
    seen: list[Any] = []

    def end(self: TrainingBar, progress: Any) -> None:
        seen.append(progress)
        if len(seen) == 3:  # the first of two iterations of the second version
            signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingBar, "on_iteration", end)
        assert main([*command, "--out", "my duel"]) == 143
    out = capsys.readouterr().out
    assert "training prey-1 against chase, predators-1\n" in out
    assert "stopped and saved prey-1 at 32 env steps" in out
    assert "alternate predators.yaml prey.yaml --rounds 2 --env-steps 64 --seed 3 --out 'my duel'" in out
    assert not Path("my duel/crosstable.json").exists()
    Path("my duel/.crosstable.0123abcd.png").touch()  # as if it had died then

    assert main([*command, "--out", "my duel"]) == 0
    out = capsys.readouterr().out
    assert "predators-1 is trained\ntraining prey-1 against chase, predators-1\n" in out
    assert "training predators-2 against flee, prey-1\n" in out
    assert "training prey-2 against chase, predators-1, predators-2\n" in out
    for name in ("predators-2", "prey-2"):
        one, two = (marl.load(f"{run}/{name}").state_dict() for run in ("whole", "my duel"))
        assert all(torch.equal(one[key], two[key]) for key in one)

    table = json.loads(Path("my duel/crosstable.json").read_text())
    assert (table["measure"], table["sides"]) == ("contacts_per_episode", ["predators", "prey"])
    assert table["rows"] == ["chase", "predators-1", "predators-2"]
    assert table["columns"] == ["flee", "prey-1", "prey-2"]
    # the same as asked for by hand
    asked = marl.evaluate("my duel/predators-1", EPISODES, 30_000, prey="my duel/prey-2")["contacts_per_episode"]
    assert (table["mean"][1][2], table["ci95"][1][2]) == (asked["mean"], asked["ci95"])
    reference = marl.evaluate(None, EPISODES, 30_000, policy="chase", settings=PREDATORS)["contacts_per_episode"]
    assert table["mean"][0][0] == reference["mean"]
    assert f"{asked['mean']:.2f}" in out
    assert iio.imread("my duel/crosstable.png").shape[2] == 3
    assert not Path("my duel/.crosstable.0123abcd.png").exists()
    rows = [json.loads(line) for line in Path("my duel/metrics.jsonl").read_text().splitlines()]
    assert [row["env_steps"] for row in rows] == [1, 2]
    assert rows[1]["crosstable/contacts_per_episode"] == table["mean"][2][2]

    # a third round goes on; the rest stays
    before = Path("my duel/prey-2/policy/policy.safetensors").stat().st_mtime_ns
    assert main([*command, "--out", "my duel", "--rounds", "3"]) == 0
    assert Path("my duel/prey-2/policy/policy.safetensors").stat().st_mtime_ns == before
    assert len(json.loads(Path("my duel/crosstable.json").read_text())["mean"]) == 4


def test_two_at_once_in_one_folder_are_refused(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with sole_user(Path("my duel")):
        assert main([*command, "--out", "my duel"]) == 2
    assert "works in" in capsys.readouterr().err
    assert not Path("my duel").exists()


def test_what_cannot_be_trained_ends_in_status_2(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command[:1], "prey.yaml", "prey.yaml", "--out", "x"]) == 2
    assert "the presets train prey of simple_tag and prey of simple_tag; give one for each" in capsys.readouterr().err
    assert main([*command[:1], "nothing.yaml", "prey.yaml", "--out", "x"]) == 2
    assert "preset nothing.yaml does not exist" in capsys.readouterr().err
    assert not Path("x").exists()
