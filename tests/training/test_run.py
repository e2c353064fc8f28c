from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from marl.core.errors import ConfigError, FileError
from marl.training.monitor import Monitor
from marl.training.run import build_run
from marl.training.run_config import read_config
from marl.training.train import train_run

State = dict[str, Any]


def test_a_folder_that_exists_is_refused_untouched(preset: State, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "mine.txt").touch()
    with pytest.raises(ConfigError, match="x exists and is not empty; name another"):
        build_run(read_config(preset), tmp_path / "x")
    with pytest.raises(ConfigError, match="is a file"):
        build_run(read_config(preset), tmp_path / "x" / "mine.txt")
    with pytest.raises(ConfigError, match="cannot be made"):
        Monitor(build_run(read_config(preset), tmp_path / "x" / "mine.txt" / "run"))
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["mine.txt"]


def test_networks_that_cannot_be_made_leave_no_folder(preset: State, tmp_path: Path) -> None:
    preset["policy"]["encoder"]["transformer"]["heads"] = 3
    with pytest.raises(ConfigError, match="3 attention heads do not divide the token width 16"):
        build_run(read_config(preset), tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_copies": 16}, "num_copies is 16, but the run was trained with 32"),
        ({"initial_policy": "runs/x"}, "initial_policy is 'runs/x', but the run was trained with None"),
        ({"seed": 5}, "seed is 5, but the run was trained with 1"),
        ({"env": {"target": "still"}}, "env.target is 'still', but the run was trained with 'wanders'"),
        ({"policy": {"graph": {"kind": "none"}}}, "policy.encoder.hidden is"),
    ],
)
def test_a_run_cannot_go_on_as_another(change: State, message: str, run: Path, preset: State) -> None:
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    if "env" in change:
        change = {"env": {**preset["env"], **change["env"]}}
    with pytest.raises(ConfigError, match=message):
        build_run(read_config({**preset, **change}), run, resume=True)
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before


def test_a_checkpoint_that_is_truncated_is_named(preset: State, tmp_path: Path) -> None:
    train_run(read_config({**preset, "total_env_steps": 256}), tmp_path / "x")
    path = tmp_path / "x" / "checkpoints" / "000000000256" / "state.safetensors"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(FileError, match=r"000000000256/state\.safetensors is truncated"):
        build_run(read_config({**preset, "total_env_steps": 512}), tmp_path / "x", resume=True)


def test_resuming_without_a_checkpoint_is_refused(preset: State, preset_file: Path, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there is no such folder"):
        build_run(read_config(preset), tmp_path / "nowhere", resume=True)
    preset_file.rename(tmp_path / "config.yaml")
    with pytest.raises(FileError, match="has no whole checkpoint to go on from"):
        build_run(read_config(preset), tmp_path, resume=True)
