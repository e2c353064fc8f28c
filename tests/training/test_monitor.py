from __future__ import annotations

import json
import shutil
import signal
import weakref
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from each_iteration import EachIteration
from meeting import Meeting
from numpy.typing import NDArray
from stored_runs import assert_equal_bit_for_bit, logged
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import marl.training.monitor
import marl.training.run
from marl.core.errors import TrainingError
from marl.core.serialisation import load_state
from marl.launch.standing import standing_of
from marl.training import loop
from marl.training.callbacks import Callbacks
from marl.training.checkpoints import Checkpoints
from marl.training.logger import Logger
from marl.training.monitor import Monitor
from marl.training.progress import Progress
from marl.training.run import build_run
from marl.training.run_config import read_config
from marl.training.score_log import ScoreLog
from marl.training.train import train_run

State = dict[str, Any]


def block_checkpoints(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", refuse)


def fill_the_disk_under_the_metrics(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("w")  # noqa: SIM115
    monkeypatch.setattr(monitor.logger, "file", full)


def fill_the_disk_under_the_events(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("wb")  # noqa: SIM115
    monkeypatch.setattr(monitor.logger.events, "file", full)
    monkeypatch.setattr(monitor.logger.events.records, "_writer", full)


@pytest.mark.parametrize("block", [block_checkpoints, fill_the_disk_under_the_metrics, fill_the_disk_under_the_events])
def test_a_folder_that_becomes_unwritable_leaves_the_last_checkpoint_whole(
    block: Callable[[Monitor, pytest.MonkeyPatch], None],
    preset: State,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def watch(progress: Progress) -> None:
        if progress.env_steps == 512:
            block(monitor, monkeypatch)

    monitor = Monitor(build_run(read_config(preset), tmp_path / "x"), Callbacks([EachIteration(watch)]))
    good = tmp_path / "x" / "checkpoints" / "000000000512"
    with pytest.raises(
        TrainingError, match=rf"cannot be written at env step 1,024 .*the last good checkpoint is {good}"
    ):
        loop.train(monitor.run, monitor)
    monkeypatch.undo()
    assert load_state(good, "state")["env_steps"] == 512
    assert train_run(read_config(preset), tmp_path / "x", resume=True).finished


def test_an_evaluation_holds_no_picture_that_is_not_drawn(
    preset: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 13 pictures, two at a time: the latest, which may be the last, and the one that takes its place."""
    shown: list[weakref.ref[NDArray[np.uint8]]] = []
    most = 0

    def scene(environment: Meeting, copy: int = 0, at_end: bool = False) -> NDArray[np.uint8]:
        nonlocal most
        picture = np.zeros((400, 600, 3), np.uint8)
        shown.append(weakref.ref(picture))
        most = max(most, sum(reference() is not None for reference in shown))
        return picture

    monkeypatch.setattr(Meeting, "scene", scene)
    train_run(read_config({**preset, "total_env_steps": 256}), tmp_path / "x")
    assert (len(shown), most) == (13, 2)
    (sheet,) = EventAccumulator(str(tmp_path / "x")).Reload().Images("episode")
    assert sheet.width == 2 * (360 + 2 * 8)


@pytest.mark.parametrize(("interval", "old"), [(256, [1, 0, 0, 1, 0]), (512, [0] * 5)])
def test_numbers_are_old_while_no_episode_has_ended_since(
    interval: int, old: list[int], preset: State, tmp_path: Path
) -> None:
    """Episodes end at steps 12, 24 and 36; an iteration has 8 steps of 32 copies, and each may be logged."""
    told: list[bool] = []
    config = read_config({**preset, "log_interval": interval, "evaluation_episodes": 1})
    train_run(config, tmp_path / "x", callbacks=[EachIteration(lambda progress: told.append(progress.stale))])
    assert told[:5] == [bool(each) for each in old]


def texts_of(folder: Path) -> list[tuple[int, str]]:
    events = EventAccumulator(str(folder)).Reload()
    return [(e.step, e.tensor_proto.string_val[0].decode()) for e in events.Tensors("score")]


def test_solving_ends_a_run_as_finished_and_resuming_does_nothing(preset: State, tmp_path: Path) -> None:
    """Every copy ends an episode each 12 steps: 32 are there after the second iteration of 8."""
    preset["score_log"] = {"threshold": -1e6, "window": 20, "stop_when_solved": True}
    config = read_config(preset)
    told: list[Progress] = []
    result = train_run(config, tmp_path / "x", callbacks=[EachIteration(told.append)])
    assert (result.finished, result.env_steps) == (True, 512)
    solved = "Solved in 0 runs, 20 total runs (384 env steps)"
    assert [(each.solved, each.finished) for each in told] == [(None, False), (solved, True)]
    assert [Progress(**json.loads(json.dumps(asdict(each)))) for each in told] == told  # as it goes between processes
    assert (tmp_path / "x" / "scores.png").exists()
    assert texts_of(tmp_path / "x") == [(384, "Solved in 0 runs, 20 total runs")]
    assert result.metrics["score/solved_at_episode"] == 20
    assert "evaluation/episode_length" in result.metrics
    assert train_run(config, tmp_path / "x", resume=True).env_steps == 512
    rows = (tmp_path / "x" / "scores.csv").read_text().splitlines()
    assert [row.split(",")[:2] for row in rows[1:]] == [[str(i), "384"] for i in range(1, 33)]


def test_cpu_time_is_that_of_training_and_goes_on_where_it_was(
    preset: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock on which everything takes no time but iterations, 10 seconds each, and evaluations, 1,000 each."""
    clock = [0.0]
    monkeypatch.setattr(marl.training.monitor.time, "process_time", lambda: clock[0])
    learner = type(build_run(read_config(preset), tmp_path / "y").learner)

    def later(seconds: float, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any) -> Any:
            clock[0] += seconds
            return call(*arguments)

        return called

    monkeypatch.setattr(learner, "update", later(10.0, learner.update))
    monkeypatch.setattr(Monitor, "_evaluate", later(1000.0, Monitor._evaluate))
    preset["log_interval"] = 1
    half = {**preset, "total_env_steps": preset["total_env_steps"] // 2}
    train_run(read_config(half), tmp_path / "x")
    train_run(read_config(preset), tmp_path / "x", resume=True)
    rows = [json.loads(line) for line in (tmp_path / "x" / "metrics.jsonl").read_text().splitlines()]
    seconds = [row["time/cpu_seconds"] for row in rows if "time/cpu_seconds" in row]
    assert seconds == [10.0 * (number + 1) for number in range(len(seconds))] and len(seconds) > 3


def scalars_of(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Every scalar that TensorBoard shows, without times."""
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    names = [name for name in events.Tags()["scalars"] if not name.startswith("time/")]
    return {name: [(event.step, event.value) for event in events.Scalars(name)] for name in names}


class Killed(BaseException):
    """End of a process where it stands."""


@pytest.mark.parametrize(
    ("place", "at"),
    [
        ("save", 1),
        ("write_policy", 2),
        ("play_episodes", 1),
        ("scalars", 2),
        ("hyper_parameters", 1),
        ("evaluation", 2),
    ],
)
def test_a_run_killed_between_a_checkpoint_and_what_follows_it_ends_like_any_other(
    place: str, at: int, run: Path, preset: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last two checkpoints, of 1024 and 1280 env steps, have an evaluation each."""
    owners: dict[str, Any] = {
        "save": ScoreLog,
        "write_policy": marl.training.run,
        "play_episodes": marl.training.evaluation,
        "scalars": Logger,
        "hyper_parameters": Logger,
        "evaluation": Checkpoints,
    }
    name = "save_evaluation" if place == "evaluation" else place
    # entries of the log come before the checkpoints' rows: 512 and 1024, then the evaluation's
    left = {"scalars": {1: 3, 2: 5}[at], "hyper_parameters": 1}.get(place, at + (place in ("save", "write_policy")))
    original = getattr(owners[place], name)

    def killed(*arguments: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed
        return original(*arguments, **options)

    config = read_config(preset)
    with monkeypatch.context() as patch:
        patch.setattr(owners[place], name, killed)
        with pytest.raises(Killed):
            train_run(config, tmp_path / "x")
    assert standing_of(tmp_path / "x", config).state == "stopped"
    assert train_run(config, tmp_path / "x", resume=True).finished
    assert standing_of(tmp_path / "x", config).state == "finished"
    assert_equal_bit_for_bit(tmp_path / "x", run)
    assert logged(tmp_path / "x") == logged(run)
    assert scalars_of(tmp_path / "x") == scalars_of(run)
    assert (tmp_path / "x" / "scores.csv").read_bytes() == (run / "scores.csv").read_bytes()
    policy = "policy/policy.safetensors"
    assert (tmp_path / "x" / policy).read_bytes() == (run / policy).read_bytes()


def test_a_signal_in_the_last_evaluation_leaves_it_due(
    preset: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, play = read_config({**preset, "total_env_steps": 256}), marl.training.evaluation.play_episodes

    def interrupted(*arguments: Any, **options: Any) -> Any:
        signal.raise_signal(signal.SIGTERM)
        return play(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(marl.training.evaluation, "play_episodes", interrupted)
        for resume in (False, True):
            result = train_run(config, tmp_path / "x", resume)
            assert (result.env_steps, result.finished, result.stopped_by) == (256, False, signal.SIGTERM)
    assert standing_of(tmp_path / "x", config).state == "stopped"
    assert train_run(config, tmp_path / "x", resume=True).finished


def test_a_finished_run_that_is_resumed_logs_nothing_twice(run: Path, preset: State, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "x")
    train_run(read_config(preset), tmp_path / "x", resume=True)
    assert logged(tmp_path / "x") == logged(run)
    assert scalars_of(tmp_path / "x") == scalars_of(run)
