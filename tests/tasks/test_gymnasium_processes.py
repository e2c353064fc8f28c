from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from processes import wait_until_gone

from marl.tasks.gymnasium_processes import ProcessVectorEnv

HERE = os.getpid()
LONG = 60.0
"""Seconds that nobody waits for."""


class Probe(gymnasium.Env[Any, Any]):
    """Observes nothing.

    Args:
        broken: raise an error when it is made in another process.
        making: seconds that this takes there.
        slow: seconds of a step.
    """

    observation_space, action_space = spaces.Box(-1, 1, (1,)), spaces.Discrete(2)

    def __init__(self, broken: bool = False, making: float = 0.0, slow: float = 0.0) -> None:
        self.slow = slow
        if os.getpid() != HERE:
            time.sleep(making)
            assert not broken

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        return np.zeros(1, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        time.sleep(self.slow)
        return np.zeros(1, np.float32), 0.0, False, False, {}


def vector(*makes: Callable[[], Probe]) -> ProcessVectorEnv:
    return ProcessVectorEnv(makes, autoreset_mode=AutoresetMode.SAME_STEP)


class AlarmError(Exception):
    pass


def test_it_closes_at_once_where_a_step_is_interrupted() -> None:
    """A second Ctrl-C would come just so; the step may never end."""

    def interrupt(number: int, frame: Any) -> None:
        raise AlarmError

    before, handler = set(multiprocessing.active_children()), signal.signal(signal.SIGALRM, interrupt)
    environment = vector(Probe, lambda: Probe(slow=LONG))
    environment.reset()
    begun = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    with pytest.raises(AlarmError):
        environment.step(np.zeros(2, np.int64))
    signal.signal(signal.SIGALRM, handler)
    environment.close()
    assert time.monotonic() - begun < 10
    assert set(multiprocessing.active_children()) == before


STARTED = multiprocessing.Process.start


def start(process: Any) -> None:
    """In place of a process's own method: there is memory for one process alone."""
    if process.name.endswith("-1"):
        raise OSError("Cannot allocate memory")
    STARTED(process)


@pytest.mark.parametrize("lacks", ["memory", "sense"])
def test_processes_of_a_vector_that_cannot_be_made_are_ended(lacks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if lacks == "memory":
        monkeypatch.setattr("multiprocessing.process.BaseProcess.start", start)
    before = set(multiprocessing.active_children())
    with pytest.raises((EOFError, OSError)):
        vector(lambda: Probe(making=LONG if lacks == "memory" else 0), lambda: Probe(broken=True))
    for process in set(multiprocessing.active_children()) - before:
        process.join(10)
    assert set(multiprocessing.active_children()) == before


def test_copies_live_on_when_the_thread_ends_that_made_them() -> None:
    made: list[ProcessVectorEnv] = []
    thread = threading.Thread(target=lambda: made.append(vector(Probe)))
    thread.start()
    thread.join()
    time.sleep(0.1)
    assert made[0].reset()[0].shape == (1, 1)
    made[0].close()


SCRIPT = """
import sys, time
import gymnasium
from marl.tasks.gymnasium_processes import ProcessVectorEnv

class Slow(gymnasium.Wrapper):
    def step(self, action):
        time.sleep(60)

vector = ProcessVectorEnv([lambda: Slow(gymnasium.make("CartPole-v1"))] * 2)
vector.reset()
vector.step_async([0, 0])
print(*(process.pid for process in vector.processes), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("end", ["it is not closed", "it is killed"])
def test_the_processes_end_with_the_one_that_made_them(end: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert parent.stdin is not None and parent.stdout is not None
    processes = [int(word) for word in parent.stdout.readline().split()]
    assert len(processes) == 2
    if end == "it is killed":
        parent.kill()
    parent.stdin.close()
    parent.wait(timeout=20)
    assert all(wait_until_gone(process) for process in processes)
