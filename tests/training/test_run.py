from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from stored_runs import assert_equal_bit_for_bit, logged
from torch.testing import assert_close

from marl.core.errors import ConfigError, FileError, Note, TrainingError
from marl.core.serialisation import load_state, save_state
from marl.policies.saved import load_policy
from marl.training import loop
from marl.training.checkpoints import Checkpoints
from marl.training.monitor import Monitor
from marl.training.run import build_run
from marl.training.run_config import load_config, read_config
from marl.training.train import train, train_run

State = dict[str, Any]
FORMAT_3 = Path(__file__).parents[1] / "policies" / "format_3"
"""A run as the last version of format 3 left it; see ``tests/policies/test_saved.py``."""


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


def test_a_run_that_saved_nothing_is_named_as_such(preset: State, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x/config.yaml").touch()
    with pytest.raises(ConfigError, match="x holds a run that has saved no checkpoint; remove it, or name another"):
        build_run(read_config(preset), tmp_path / "x")


def test_a_run_of_a_gcn_of_format_3_goes_on_as_it_did_then(tmp_path: Path) -> None:
    shutil.copytree(FORMAT_3, tmp_path / "x")
    expected = load_policy(FORMAT_3).policy.state_dict()
    assert train(None, tmp_path / "x", resume=True).env_steps == 96
    assert_close(dict(load_policy(tmp_path / "x").policy.state_dict()), dict(expected), rtol=1e-4, atol=1e-6)
    assert load_config(tmp_path / "x" / "config.yaml").policy.graph.kind == "plain_gcn"  # type: ignore[union-attr]


def test_networks_that_cannot_be_made_leave_no_folder(preset: State, tmp_path: Path) -> None:
    preset["policy"]["encoder"]["transformer"]["heads"] = 3
    with pytest.raises(ConfigError, match="3 attention heads do not divide the token width 16"):
        build_run(read_config(preset), tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_settings_that_change_as_a_run_goes_on_are_told(run: Path, preset: State) -> None:
    """Its length is not one of them, and the same number written otherwise is no change."""
    preset["algorithm"] |= {"learning_rate": 0.002, "epochs": 2.0}
    told = r"^this run goes on with other settings: algorithm.learning_rate \[0.003, 0.001\] -> 0.002$"
    with pytest.warns(Note, match=told):
        build_run(read_config({**preset, "total_env_steps": 2560}), run, resume=True)


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
    with pytest.raises(FileError, match=r"no whole checkpoint .*000000000256/state\.safetensors is damaged"):
        build_run(read_config({**preset, "total_env_steps": 512}), tmp_path / "x", resume=True)


def test_resuming_without_a_checkpoint_is_refused(preset: State, preset_file: Path, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there is no such folder"):
        build_run(read_config(preset), tmp_path / "nowhere", resume=True)
    preset_file.rename(tmp_path / "config.yaml")
    with pytest.raises(FileError, match="has no whole checkpoint to go on from"):
        build_run(read_config(preset), tmp_path, resume=True)


@pytest.mark.parametrize("name", ["weights", "state", "evaluation"])
def test_a_damaged_checkpoint_is_set_aside_and_the_run_ends_as_if_it_were_whole(
    name: str, run: Path, preset: State, tmp_path: Path
) -> None:
    shutil.copytree(run, tmp_path / "x")
    path = tmp_path / "x" / "checkpoints" / "000000001280" / f"{name}.safetensors"
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    told = rf"1280/{name}\.safetensors is damaged: .*; it is now damaged-000000001280, and the run goes on from 0+1024"
    with pytest.warns(Note, match=told):
        assert train_run(read_config(preset), tmp_path / "x", resume=True).finished
    assert_equal_bit_for_bit(tmp_path / "x", run)
    assert logged(tmp_path / "x") == logged(run)
    names = [p.name for p in sorted((tmp_path / "x" / "checkpoints").iterdir())]
    assert names == ["000000001024", "000000001280", "damaged-000000001280"]


def test_without_a_whole_checkpoint_each_is_named_and_stays(run: Path, preset: State, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "x")
    for number in ("000000001024", "000000001280"):
        (tmp_path / "x" / "checkpoints" / number / "state.safetensors").unlink()
    with pytest.raises(FileError, match=r"no whole checkpoint .*1280/state.* does not exist; .*1024/state.* does not"):
        build_run(read_config(preset), tmp_path / "x", resume=True)
    assert len(list((tmp_path / "x" / "checkpoints").iterdir())) == 2


@pytest.mark.parametrize("where", ["weights", "moments"])
def test_what_is_not_finite_is_not_saved(where: str, preset: State, tmp_path: Path) -> None:
    made = build_run(read_config(preset), tmp_path / "x")
    monitor = Monitor(made)
    made.env_steps = 512
    made.save(monitor.state())
    with torch.no_grad():
        if where == "weights":
            next(made.policy.parameters())[0] = torch.inf
        else:
            made.learner.optimiser._moments["exp_avg"][0] = torch.nan  # type: ignore[attr-defined]
    made.env_steps = 1024
    name = "trunk.* is not finite" if where == "weights" else "learner.optimiser.exp_avg is not finite"
    with pytest.raises(TrainingError, match=rf"at env step 1,024, {name}; the last good checkpoint is .*0512"):
        made.save(monitor.state())
    monitor.close()
    assert [path.name for path in (tmp_path / "x" / "checkpoints").iterdir()] == ["000000000512"]


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
    ("name", "change", "why"),
    [
        ("state", {"env_steps": "many"}, "cannot be interpreted as an integer"),
        ("state", {"learner": {"clock": 3}}, "'optimiser'"),
        ("state", {"source": None}, "object is not subscriptable"),
        ("state", {"episodes": {"episode/length": ["long"]}}, "could not convert string to float: 'long'"),
        ("evaluation", {"metrics": {"return/A": "high"}}, "could not convert string to float: 'high'"),
        ("evaluation", {"metrics": [1]}, "has no attribute 'items'"),
        ("evaluation", {"log": {"metrics": 1}}, "'events'"),
    ],
)
def test_a_checkpoint_of_other_content_is_refused_by_name(
    name: str, change: State, why: str, preset: State, run: Path, tmp_path: Path
) -> None:
    folder = with_state(run, tmp_path / "x", name, change)
    with pytest.raises(FileError, match=f"000000001280 does not fit this configuration or package: .*{why}"):
        Monitor(build_run(read_config({**preset, "total_env_steps": 4096}), folder, resume=True))


def test_what_shows_only_in_the_first_iteration_is_refused_by_name(preset: State, run: Path, tmp_path: Path) -> None:
    source = load_state(last(run), "state")["source"]
    source["lived"] = source["lived"][:3]
    resumed = build_run(
        read_config({**preset, "total_env_steps": 4096}),
        with_state(run, tmp_path / "x", "state", {"source": source}),
        resume=True,
    )
    with pytest.raises(FileError, match=r"000000001280 does not fit this configuration or package: .*size of tensor"):
        loop.train(resumed, Monitor(resumed))


def last(run: Path) -> Path:
    checkpoint = Checkpoints(run / "checkpoints").latest
    assert checkpoint is not None
    return checkpoint


def with_state(run: Path, folder: Path, name: str, change: State) -> Path:
    """A copy of a run whose latest checkpoint has other content in one of its files."""
    shutil.copytree(run, folder)
    save_state(last(folder), name, {**load_state(last(folder), name), **change})
    return folder


def test_an_error_of_the_program_after_the_first_iteration_stays_one(preset: State, run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "x")
    resumed = build_run(read_config({**preset, "total_env_steps": 4096}), tmp_path / "x", resume=True)
    with resumed.going_on():
        pass
    with pytest.raises(ZeroDivisionError), resumed.going_on():
        raise ZeroDivisionError
