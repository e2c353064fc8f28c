from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Generator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
from processes import children_of, is_alive, wait_until_gone

from marl.core.errors import ConfigError, Note
from marl.core.trust import TRUST, Trust, trusting
from marl.system.interrupts import SIGNALS
from marl.system.process_pool import check_threads, process_pool, usable_cores

LONG = 60
"""Seconds of work that nobody waits for: far more than a process takes to start and to end."""


def test_work_is_done_in_other_processes_which_are_gone_afterwards() -> None:
    with process_pool(1) as pool:
        worker = pool.submit(os.getpid).result()
        assert worker != os.getpid()
        assert is_alive(worker)
        assert list(pool.map(divmod, (7, 9), (2, 4))) == [(3, 1), (2, 1)]
    assert not is_alive(worker)


def test_each_process_is_prepared_first(tmp_path: Path) -> None:
    with process_pool(1, os.chdir, (tmp_path,)) as pool:
        assert Path(pool.submit(os.getcwd).result()) == tmp_path
    assert Path.cwd() != tmp_path


def trust() -> Trust:
    return TRUST.get()


def test_each_process_trusts_what_its_parent_does() -> None:
    with trusting("a", imported=False), process_pool(1) as pool:
        assert pool.submit(trust).result() == Trust(frozenset({"a"}), imported=False)


def warn() -> None:
    warnings.warn("the second of two", Note, stacklevel=1)


def test_notes_of_its_processes_are_shown_as_those_of_a_command(capfd: pytest.CaptureFixture[str]) -> None:
    with process_pool(1) as pool:
        pool.submit(warn).result()
    assert capfd.readouterr().err == "note: the second of two\n"


def results() -> Generator[object, None, None]:
    """The first comes at once, the second would take long."""
    with process_pool(1) as pool:
        first, second = pool.submit(os.getpid), pool.submit(time.sleep, LONG)
        yield first.result()
        yield second.result()


def leave_by_closing() -> None:
    stream = results()
    next(stream)
    stream.close()


def leave_by_an_exception() -> None:
    stream = results()
    next(stream)
    with pytest.raises(KeyboardInterrupt):
        stream.throw(KeyboardInterrupt)


@pytest.mark.parametrize("leave", [leave_by_closing, leave_by_an_exception])
def test_left_early_it_ends_its_own_processes_and_no_others(leave: Callable[[], None]) -> None:
    other = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(LONG,))
    other.start()
    before, begun = set(multiprocessing.active_children()), time.monotonic()
    try:
        leave()
        assert time.monotonic() - begun < LONG / 2
        assert set(multiprocessing.active_children()) == before
        assert other.is_alive()
    finally:
        other.kill()
        other.join()


def test_when_one_process_dies_the_others_are_ended() -> None:
    """The pool sends them SIGTERM, and waits for them."""
    begun = time.monotonic()
    with process_pool(2) as pool:
        long, short = pool.submit(time.sleep, LONG), pool.submit(os.getpid)
        os.kill(short.result(), signal.SIGKILL)
        with pytest.raises(BrokenProcessPool):
            long.result(LONG / 2)
    assert time.monotonic() - begun < LONG / 2


KILLED = """
import os, time
from marl.system.process_pool import process_pool
with process_pool(1) as pool:
    print(pool.submit(os.getpid).result(), flush=True)
    pool.submit(time.sleep, 60).result()
"""


def test_its_processes_ignore_signals_and_end_when_it_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    children = children_of(parent.pid)
    for child in children:  # beside the worker there is one of multiprocessing itself
        for number in SIGNALS:
            os.kill(child, number)
    time.sleep(0.1)
    try:
        assert worker in children
        assert all(is_alive(child) for child in children)
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    assert all(wait_until_gone(child) for child in children)


def test_an_error_of_the_work_comes_back() -> None:
    with process_pool(1) as pool, pytest.raises(ZeroDivisionError):
        pool.submit(divmod, 1, 0).result()


def test_usable_cores_are_those_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 2, 5}, raising=False)
    assert usable_cores() == 3


def test_threads_are_at_most_four_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marl.system.process_pool.usable_cores", lambda: 2)
    for threads in (None, 1, 8):
        check_threads(threads)
    with pytest.raises(ConfigError, match="threads is 1000000; give at most 8"):
        check_threads(1_000_000)
