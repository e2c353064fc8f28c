from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from functools import partial
from pathlib import Path

import pytest
from processes import is_alive, wait_until_gone

from marl.core.errors import ConfigError, Note, WorkerFailedError
from marl.core.trust import TRUST, Trust, trusting
from marl.system.workers import RemoteError, Workers

LONG = 60.0
"""Seconds of work that nobody waits for."""


class LockedError(Exception):
    """Error that cannot be sent to another process."""

    def __init__(self) -> None:
        super().__init__("locked")
        self.lock = threading.Lock()


class Adder:
    """Sum of what it was given so far."""

    def __init__(self, total: int) -> None:
        self.total = total

    def add(self, number: int) -> tuple[int, int]:
        self.total += number
        return self.total, os.getpid()

    def trust(self) -> Trust:
        return TRUST.get()

    def note(self, text: str) -> str:
        warnings.warn(text, Note, stacklevel=1)
        return text

    def fail(self, how: str) -> None:
        if how == "raise":
            raise ConfigError(f"{self.total} is too much")
        if how == "lock":
            raise LockedError
        if how == "file":
            raise ConnectionResetError("of its own")
        if how == "exit":
            sys.exit(3)
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(LONG if how == "hang" else 0)


def adders() -> Workers:
    return Workers([partial(Adder, 10), partial(Adder, 20)], ["the first", "the second"])


def test_each_object_lives_in_a_process_of_its_own_and_keeps_what_it_was_told() -> None:
    with trusting("a", imported=False):
        workers = adders()
    assert workers.call("trust", [{}, {}]) == [Trust(frozenset({"a"}), imported=False)] * 2
    (first, one), (second, other) = workers.call("add", [{"number": 1}, {"number": 2}])
    assert (first, second) == (11, 22) and len({one, other, os.getpid()}) == 3
    assert [total for total, _ in workers.call("add", [{"number": 5}, {"number": 5}])] == [16, 27]
    workers.close()
    assert not is_alive(one) and not is_alive(other)


def test_warnings_are_given_here() -> None:
    workers = adders()
    with pytest.warns(Note, match=r"^hear\?$"):
        assert workers.call("note", [{"text": "hear?"}] * 2) == ["hear?"] * 2
    workers.close()


@pytest.mark.parametrize(
    ("how", "kind", "told"),
    [
        ("raise", ConfigError, "^20 is too much$"),
        ("lock", RuntimeError, "^LockedError: locked$"),
        ("file", ConnectionResetError, "^of its own$"),
        ("exit", WorkerFailedError, "^the second: its process ended with exit status 3$"),
        ("kill", WorkerFailedError, "^the second: its process was ended by SIGKILL$"),
    ],
)
def test_an_error_or_the_end_of_one_ends_all(how: str, kind: type[Exception], told: str) -> None:
    workers = adders()
    pids = [pid for _, pid in workers.call("add", [{"number": 0}] * 2)]
    with pytest.raises(kind, match=told) as caught:
        workers.call("fail", [{"how": "none"}, {"how": how}])
    if kind is not WorkerFailedError:
        assert isinstance(caught.value.__cause__, RemoteError) and "in fail" in str(caught.value.__cause__)
    assert not any(map(is_alive, pids))
    workers.close()


class AlarmError(Exception):
    """In place of a second Ctrl-C."""


def ring(*_: object) -> None:
    raise AlarmError


def test_a_call_that_is_interrupted_ends_all_at_once() -> None:
    workers = adders()
    pids = [pid for _, pid in workers.call("add", [{"number": 0}] * 2)]
    begun, handler = time.monotonic(), signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    with pytest.raises(AlarmError):
        workers.call("fail", [{"how": "hang"}] * 2)
    signal.signal(signal.SIGALRM, handler)
    assert time.monotonic() - begun < LONG / 4
    assert not any(map(is_alive, pids))


SCRIPT = """
import sys
from operator import attrgetter
from marl.system.workers import Workers
from statistics import NormalDist  # any class at hand
print("begun", flush=True)
workers = Workers([NormalDist, NormalDist], ["a", "b"])
workers.call("samples", [{"n": 1}, {"n": 1}])
print(*(process.pid for process in workers._processes), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("end", ["it is not closed", "it is killed"])
def test_a_script_without_a_guard_begins_once_and_takes_its_processes_with_it(end: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    parent = subprocess.Popen(
        [sys.executable, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    )
    assert parent.stdin is not None and parent.stdout is not None
    assert parent.stdout.readline() == "begun\n"
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert len(pids) == 2
    if end == "it is killed":
        parent.kill()
    parent.stdin.close()
    parent.wait(timeout=20)
    assert parent.stdout.read() == ""
    parent.stdout.close()
    assert all(wait_until_gone(pid) for pid in pids)
