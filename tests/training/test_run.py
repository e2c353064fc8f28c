from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from marl.core.errors import ConfigError, FileError
from marl.core.serialisation import load_state, save_state
from marl.training import loop
from marl.training.checkpoints import Checkpoints
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


def test_more_threads_than_four_a_core_are_refused_before_any_is_made(preset: State, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="threads is 1000000; give at most"):
        build_run(read_config({**preset, "threads": 1_000_000}), tmp_path / "x")


def test_a_run_larger_than_memory_is_refused_before_it_is_made(preset: State, tmp_path: Path) -> None:
    large = {**preset, "num_copies": 65_536, "rollout_length": 10**9}
    with pytest.raises(ConfigError, match="num_copies 65,536, rollout_length 1,000,000,000 and a team of 4 take"):
        build_run(read_config(large), tmp_path / "x")


def test_a_run_in_a_folder_that_cannot_be_written_is_refused(
    preset: State, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(ConfigError, match=f"the run's folder {run} cannot be written; copy it to another place"):
        build_run(read_config({**preset, "total_env_steps": 4096}), run, resume=True)


@pytest.mark.parametrize("name", ["score.json", "policy/policy.safetensors", "policy"])
def test_a_pipe_in_place_of_what_will_be_written_is_refused(
    name: str, preset: State, run: Path, tmp_path: Path
) -> None:
    shutil.copytree(run, tmp_path / "x")
    place = tmp_path / "x" / name
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    os.mkfifo(place)
    with pytest.raises(FileError, match=f"{name} is n"):
        build_run(read_config({**preset, "total_env_steps": 4096}), tmp_path / "x", resume=True)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"env_steps": "many"}, "cannot be interpreted as an integer"),
        ({"metrics": {"return/A": "high"}}, "could not convert string to float: 'high'"),
        ({"metrics": [1]}, "has no attribute 'items'"),
        ({"learner": {"clock": 3}}, "'optimiser'"),
        ({"source": None}, "object is not subscriptable"),
    ],
)
def test_a_checkpoint_of_other_content_is_refused_by_name(
    change: State, why: str, preset: State, run: Path, tmp_path: Path
) -> None:
    folder = with_state(run, tmp_path / "x", change)
    with pytest.raises(FileError, match=f"000000001280 does not fit this configuration or package: .*{why}"):
        build_run(read_config({**preset, "total_env_steps": 4096}), folder, resume=True)


def test_what_shows_only_in_the_first_iteration_is_refused_by_name(preset: State, run: Path, tmp_path: Path) -> None:
    source = load_state(last(run), "state")["source"]
    source["took_part"] = source["took_part"][:3]
    resumed = build_run(
        read_config({**preset, "total_env_steps": 4096}),
        with_state(run, tmp_path / "x", {"source": source}),
        resume=True,
    )
    with pytest.raises(FileError, match=r"000000001280 does not fit this configuration or package: .*size of tensor"):
        loop.train(resumed, Monitor(resumed))


def last(run: Path) -> Path:
    checkpoint = Checkpoints(run / "checkpoints").latest
    assert checkpoint is not None
    return checkpoint


def with_state(run: Path, folder: Path, change: State) -> Path:
    """A copy of a run whose latest checkpoint has other content."""
    shutil.copytree(run, folder)
    save_state(last(folder), "state", {**load_state(last(folder), "state"), **change})
    return folder


def test_an_error_of_the_program_after_the_first_iteration_stays_one(preset: State, run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "x")
    resumed = build_run(read_config({**preset, "total_env_steps": 4096}), tmp_path / "x", resume=True)
    with resumed.only_finite():
        pass
    with pytest.raises(ZeroDivisionError), resumed.only_finite():
        raise ZeroDivisionError
