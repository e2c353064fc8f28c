from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from failing_env import NAME, Failing, registered
from processes import wait_until_gone

from marl.core.errors import EnvironmentFailedError
from marl.tasks import processes as tasks_processes
from marl.tasks.gymnasium import GymnasiumEnvironment
from marl.tasks.gymnasium_config import CLASS, GymnasiumConfig
from marl.tasks.gymnasium_task import GymnasiumTask
from marl.tasks.processes import GRACE, Processes


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    with registered():
        yield


class Begun(Failing):
    """As processes take them."""

    def begin(self) -> None:
        """Make nothing more."""


def processes(how: str, last: int = 7) -> Processes:
    return Processes(NAME, [Begun(how, last) for _ in range(2)], [range(1), range(1, 2)], None)


def step(environment: GymnasiumEnvironment) -> Any:
    return environment.step({CLASS: torch.zeros(2, 1, dtype=torch.long)})


@pytest.mark.parametrize(("how", "end"), [("die", "process ended with exit status 0"), ("kill", "ended by SIGKILL")])
def test_a_process_that_dies_is_named_and_the_others_end(how: str, end: str) -> None:
    environment = GymnasiumEnvironment(NAME, 2, {"how": how, "last": 2}, processes=2)
    environment.reset(seed=0)
    step(environment)
    with pytest.raises(EnvironmentFailedError, match=rf"^the environment Failing-v0, copy 1: .*{end}$"):
        step(environment)
    assert not multiprocessing.active_children()
    environment.close()


def test_a_process_that_dies_between_two_steps_is_named_too() -> None:
    environment = GymnasiumEnvironment(NAME, 2, {"how": "die", "last": 9}, processes=2)
    environment.reset(seed=0)
    process = next(each for each in multiprocessing.active_children() if each.name.endswith("-0"))
    process.kill()
    process.join()
    with pytest.raises(EnvironmentFailedError, match=r"Failing-v0, copy 0: its process was ended by SIGKILL"):
        step(environment)
    assert not multiprocessing.active_children()


def test_a_step_that_takes_too_long_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks_processes, "GRACE", 0.2)
    arguments = {"how": "hang", "last": 1}
    settings = GymnasiumConfig(name=NAME, arguments=arguments, processes=2, step_timeout=0.5)
    environment, begin = GymnasiumTask().make(settings, 2, training=True), time.monotonic()
    environment.reset(seed=0)
    with pytest.raises(
        EnvironmentFailedError, match=r"Failing-v0, copy 1, has not answered for 0\.5 s \(env\.step_timeout\)"
    ):
        step(environment)
    assert time.monotonic() - begin < 30  # it would sleep a minute
    assert not multiprocessing.active_children()


def test_a_copy_that_cannot_be_made_in_its_process_leaves_none_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    here, make = os.getpid(), Failing.__init__

    def only_here(self: Failing, how: str) -> None:
        if os.getpid() != here:
            os._exit(3)
        make(self, how)

    monkeypatch.setattr(Failing, "__init__", only_here)
    with pytest.raises(EnvironmentFailedError, match=r"Failing-v0, copy \d: its process ended with exit status 3"):
        GymnasiumEnvironment(NAME, 2, {"how": "raise"}, processes=2)
    assert not multiprocessing.active_children()


STARTED = multiprocessing.Process.start


def start(process: Any) -> None:
    """In place of a process's own method: there is memory for one process alone."""
    if process.name.endswith("-1"):
        raise OSError("Cannot allocate memory")
    STARTED(process)


def test_where_there_is_no_memory_for_all_processes_none_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    here = os.getpid()

    def follow(*arguments: Any) -> Any:
        time.sleep(0 if os.getpid() == here else 60)  # it is still being made
        return Begun("raise")

    monkeypatch.setattr(tasks_processes, "GRACE", 0.2)
    monkeypatch.setattr(tasks_processes, "_follow", follow)
    monkeypatch.setattr("multiprocessing.process.BaseProcess.start", start)
    with pytest.raises(OSError, match="Cannot allocate memory"):
        processes("raise")
    assert not multiprocessing.active_children()


class AlarmError(Exception):
    """In place of a second Ctrl-C."""


def ring(number: int, frame: Any) -> None:
    raise AlarmError


def test_it_closes_at_once_where_a_step_is_interrupted() -> None:
    environment = processes("hang", last=1)
    environment.reset(seed=[1, 3])
    begun, handler = time.monotonic(), signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    with pytest.raises(AlarmError):
        environment.step([0, 0])
    signal.signal(signal.SIGALRM, handler)
    environment.close()
    assert time.monotonic() - begun < GRACE / 2
    assert not multiprocessing.active_children()


def test_copies_live_on_when_the_thread_ends_that_made_them() -> None:
    made: list[Processes] = []
    thread = threading.Thread(target=lambda: made.append(processes("raise")))
    thread.start()
    thread.join()
    time.sleep(0.1)
    assert made[0].reset(seed=0)[0].shape == (2, 2)
    made[0].close()


SCRIPT = """
import sys
from test_processes import processes
environment = processes("hang", last=1)
environment.reset(seed=[1, 3])
environment.step_async([0, 0])
print(*(process.pid for process in environment.processes), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("end", ["it is not closed", "it is killed"])
def test_the_processes_end_with_the_one_that_made_them(end: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
    )
    assert parent.stdin is not None and parent.stdout is not None
    processes = [int(word) for word in parent.stdout.readline().split()]
    assert len(processes) == 2
    if end == "it is killed":
        parent.kill()
    parent.stdin.close()
    parent.wait(timeout=20)
    parent.stdout.close()
    assert all(wait_until_gone(process) for process in processes)
