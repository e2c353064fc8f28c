from __future__ import annotations

import gc
import multiprocessing
import sys
import threading
import time
from collections.abc import Iterator

import pytest
import torch
from counting_pettingzoo import Counting
from failing_env import NAME, registered

from marl.core.errors import EnvironmentFailedError, Note
from marl.tasks import guard as guards
from marl.tasks.guard import Guard, Watch
from marl.tasks.gymnasium import GymnasiumEnvironment
from marl.tasks.gymnasium_config import CLASS
from marl.tasks.pettingzoo.environment import PettingZooEnvironment


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    with registered():
        yield


def play(environment: GymnasiumEnvironment, steps: int) -> None:
    environment.reset(seed=0)
    for _ in range(steps):
        environment.step({CLASS: torch.zeros(environment.num_copies, 1, dtype=torch.long)})


def fail(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("half\n  of it"), r"ValueError: half of it \(test_guard.py, line \d+\)"),
        (AssertionError(), r"AssertionError \(test_guard.py, line \d+\)"),
        (SystemExit(0), r"SystemExit: 0 \(test_guard.py, line \d+\)"),
    ],
)
def test_an_error_or_an_exit_is_told_with_class_message_and_place(error: BaseException, words: str) -> None:
    with pytest.raises(EnvironmentFailedError, match=f"^the environment Task-v0 failed: {words}$") as caught:
        Guard("Task-v0")(fail, error)
    assert caught.value.__cause__ is error


def test_ctrl_c_is_no_failure_and_what_an_inner_guard_said_stays() -> None:
    with pytest.raises(KeyboardInterrupt):
        Guard("Task-v0")(fail, KeyboardInterrupt())
    with pytest.raises(EnvironmentFailedError, match=r"^the environment Task-v0, copy 3, in its reset, failed: Key"):
        Guard("Task-v0")(Guard("Task-v0", 3), fail, KeyError("x"))


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("raise", r"Failing-v0, copy 1, in step 2 of its episode, failed: ZeroDivisionError: 100 % wrong \(failing"),
        ("exit", r"Failing-v0, copy 1, in step 2 of its episode, failed: SystemExit: 0"),
        (
            "shape",
            r"Failing-v0, copy 1, in step 2 of its episode, observed an array of float32 and shape \[3, 3\], which",
        ),
    ],
)
def test_a_copy_that_fails_is_named_and_no_process_is_left(how: str, words: str, processes: int) -> None:
    environment = GymnasiumEnvironment(NAME, 2, {"how": how}, processes=processes)
    with pytest.raises(EnvironmentFailedError, match=f"^the environment {words}"):
        play(environment, 7)
    assert not multiprocessing.active_children()
    environment.close()


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), SystemExit(0)])
def test_a_copy_of_a_pettingzoo_environment_is_named_with_its_step(error: BaseException) -> None:
    """The second copy, in the second step after an episode of three."""
    made = [Counting(), Counting()]
    environment = PettingZooEnvironment(iter(made).__next__, 2, lambda name: "A", ("A",))
    environment.reset(0)
    action = {"A": torch.zeros(2, 3, dtype=torch.long)}
    for _ in range(4):
        environment.step(action)
    made[1].step = lambda actions: fail(error)  # type: ignore[method-assign]
    name = f"counting, copy 1, in step 2 of its episode, failed: {type(error).__name__}: "
    with pytest.raises(EnvironmentFailedError, match=f"^the environment {name}"):
        environment.step(action)
    environment.close()


def test_agents_that_leave_without_an_end_are_told_with_the_copy() -> None:
    environment = PettingZooEnvironment(lambda: Counting(leaver="y"), 2, lambda name: "A", ("A",))
    environment.reset(0)
    action = {"A": torch.zeros(2, 3, dtype=torch.long)}
    environment.step(action)
    with pytest.raises(
        EnvironmentFailedError, match=r"counting, copy 0, in step 2 of .*lost agent y, neither terminated nor trunc"
    ):
        environment.step(action)


def test_a_call_that_does_not_come_back_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "PAUSE", 0.02)
    monkeypatch.setattr(guards, "PATIENCE", 0.1)
    monkeypatch.setattr(time, "sleep", lambda seconds: threading.Event().wait(0.5))
    environment = GymnasiumEnvironment(NAME, 2, {"how": "hang", "last": 1})
    with (
        pytest.warns(Note, match=r"Failing-v0, copy 1, in step 1 of its episode, has not come back for 0\.1 s") as told,
        pytest.raises(EnvironmentFailedError),
    ):
        play(environment, 1)
    assert len(told) == 1
    environment.close()


@pytest.mark.parametrize("closed", [True, False])
def test_the_watch_ends_with_what_it_watches(closed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "PAUSE", 0.02)
    before = set(threading.enumerate())
    watch = Watch([Guard("Task-v0")])
    (thread,) = set(threading.enumerate()) - before
    if closed:
        watch.end()
    else:
        del watch
        gc.collect()
    thread.join(5)
    assert not thread.is_alive()


def test_an_environment_that_fails_to_close_does_not_hide_why_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = GymnasiumEnvironment(NAME, 1, {"how": "raise"})
    monkeypatch.setattr("failing_env.Failing.close", lambda self: sys.exit(0))
    with pytest.warns(Note, match="Failing-v0 failed: SystemExit: 0"):
        environment.close()
