from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from meeting import Meeting

import marl
from marl.core.errors import ConfigError, FileError
from marl.core.records import Observation
from marl.training import loop
from marl.training.monitor import Monitor
from marl.training.run import build_run
from marl.training.run_config import read_config
from marl.training.train import train_run

Preset = dict[str, Any]


def test_training_begins_with_the_weights_of_a_run(preset: Preset, run: Path, tmp_path: Path) -> None:
    preset |= {"seed": 7, "initial_policy": str(run)}
    preset["env"] |= {"target": "still", "team": {"A": 3, "B": 1}}
    started = build_run(read_config(preset), tmp_path / "x")
    expected = marl.load(run).state_dict()
    for name, tensor in started.policy.state_dict().items():
        assert tensor.equal(expected[name]), name
    assert float(expected["normaliser.weight"]) > 0
    # all else is new
    assert started.env_steps == 0
    assert started.learner.state()["optimiser"]["step"] == 0
    loop.train(started, Monitor(started))
    assert not torch.equal(marl.load(tmp_path / "x").state_dict()["normaliser.mean"], expected["normaliser.mean"])


def test_the_environment_is_reset_once_when_a_training_starts(
    preset: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Networks take their widths from the roster."""
    seeds, reset = [], Meeting.reset

    def counted(self: Meeting, seed: int) -> Observation:
        seeds.append(seed)
        return reset(self, seed)

    monkeypatch.setattr(Meeting, "reset", counted)
    started = build_run(read_config({**preset, "seed": 7}), tmp_path / "x")
    assert seeds == [7]
    assert started.policy.roster is started.source.environment.roster  # type: ignore[attr-defined]


def test_a_resumed_run_does_not_begin_again(preset: Preset, run: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(run / "policy", source)
    preset |= {"initial_policy": str(source), "total_env_steps": 512}
    marl.train({**preset, "total_env_steps": 256}, tmp_path / "parts")
    # the weights are in the run's own checkpoint
    shutil.rmtree(source)
    marl.train(None, tmp_path / "parts", resume=True, total_env_steps=512)
    shutil.copytree(run / "policy", source)
    again = {**preset, "total_env_steps": 256}
    train_run(read_config(again), tmp_path / "whole")
    train_run(read_config(preset), tmp_path / "whole", resume=True)
    one, two = (marl.load(tmp_path / name).state_dict() for name in ("parts", "whole"))
    assert all(one[name].equal(two[name]) for name in one)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"policy": {"actor": {"hidden": [9]}}},
            FileError,
            "^initial_policy is .*: .* holds a policy of another architecture: ",
        ),
        (
            {"env": {"classes": {"A": ["target"], "B": ["landmark"]}}},
            ConfigError,
            "classes.A is .*, but the policy was",
        ),
        ({"initial_policy": "nowhere"}, FileError, "^initial_policy is nowhere: nowhere does not exist; name the"),
    ],
)
def test_what_does_not_fit_is_refused(
    change: Preset, error: type[Exception], message: str, preset: Preset, run: Path, tmp_path: Path
) -> None:
    preset["initial_policy"] = str(run)
    for name, value in change.items():
        preset[name] = {**preset[name], **value} if isinstance(value, dict) else value
    with pytest.raises(error, match=message):
        build_run(read_config(preset), tmp_path / "x")
    assert not (tmp_path / "x").exists()
