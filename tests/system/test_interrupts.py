from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from marl.system.interrupts import SIGNALS, end_on_signal, exit_status, hold_signals, stop_on_signal


class FormerError(Exception):
    """A signal came to the handler that was there before."""


def former(number: int, frame: FrameType | None) -> None:
    raise FormerError


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """Handlers that are known."""
    before = {number: signal.signal(number, former) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def handlers() -> set[object]:
    return {signal.getsignal(number) for number in SIGNALS}


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_is_a_wish_and_ctrl_c_then_has_its_former_effect(number: int) -> None:
    with stop_on_signal() as stop_wished:
        assert not stop_wished()
        signal.raise_signal(number)
        assert stop_wished()
        assert stop_wished.signal == number
        with pytest.raises(FormerError):
            signal.raise_signal(signal.SIGINT)
        assert stop_wished.signal == number


def test_a_signal_that_comes_twice_at_once_is_one_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    """``timeout`` sends SIGTERM twice; a system that shuts down may send SIGHUP with it."""
    with stop_on_signal() as stop_wished:
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGHUP):
            signal.raise_signal(number)
        assert stop_wished.signal == signal.SIGTERM
        monkeypatch.setattr("marl.system.interrupts.SECONDS_OF_ONE_WISH", 0.0)
        with pytest.raises(FormerError):
            signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize("block", [stop_on_signal, end_on_signal])
def test_the_handlers_that_were_there_come_back(block: Callable[[], object]) -> None:
    with block():  # type: ignore[attr-defined]
        assert former not in handlers()
    assert handlers() == {former}
    with pytest.raises(ZeroDivisionError), block():  # type: ignore[attr-defined]
        _ = 1 / 0
    assert handlers() == {former}


def test_a_new_block_knows_nothing_of_an_earlier_wish() -> None:
    with stop_on_signal():
        signal.raise_signal(signal.SIGINT)
    with stop_on_signal() as stop_wished:
        assert not stop_wished()


@pytest.mark.parametrize("block", [stop_on_signal, end_on_signal])
def test_a_signal_that_is_ignored_stays_ignored(block: Callable[[], object]) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with block() as stop_wished:  # type: ignore[attr-defined]
        signal.raise_signal(signal.SIGHUP)
        assert stop_wished is None or not stop_wished()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_outside_the_main_thread_nothing_changes() -> None:
    """There Python refuses to set a handler."""
    seen: list[object] = []

    def work() -> None:
        with stop_on_signal() as stop_wished, end_on_signal():
            seen.extend([stop_wished(), handlers()])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False, {former}]


def test_a_command_ends_at_once_with_the_status_of_the_signal() -> None:
    @end_on_signal()
    def command(number: int) -> None:
        signal.raise_signal(number)

    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
        with pytest.raises(KeyboardInterrupt) as stop:
            command(number)
        assert exit_status(*stop.value.args) == status
    assert exit_status() == 130


CHILD = """
import os, signal, subprocess, sys
from marl.system.interrupts import SIGNALS, ignore_signals, stop_on_signal
for number in SIGNALS:
    os.kill(os.getpid(), number)  # held back
ignore_signals()
with stop_on_signal() as stop_wished:
    for number in SIGNALS:
        signal.raise_signal(number)
print(stop_wished(), signal.pthread_sigmask(signal.SIG_BLOCK, []), flush=True)
program = "import signal; print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)"
subprocess.run([sys.executable, "-c", program], check=True)
"""


def test_a_child_ignores_signals_from_its_birth_on_and_can_end_what_it_starts() -> None:
    seen: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    with hold_signals():
        signal.raise_signal(signal.SIGTERM)
        child = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=False)
        assert not seen
    assert seen == [signal.SIGTERM]
    assert (child.returncode, child.stdout, child.stderr) == (0, "False set()\nTrue\n", "")


STOPPED = """
import signal, sys
from marl.system.interrupts import exit_status, stop_on_signal
with stop_on_signal() as stop_wished:
    print("begun", flush=True)
    sys.stdin.read()
    signal.raise_signal(signal.SIGHUP)
    print("saving", flush=True)
print("saved", flush=True)
sys.exit(exit_status(stop_wished.signal))
"""


@pytest.mark.parametrize("open_output", [os.pipe, pty.openpty])
def test_a_terminal_that_has_closed_does_not_keep_a_command_from_saving(
    open_output: Callable[[], tuple[int, int]],
) -> None:
    """Writing there fails: the terminal is gone, and so is ``tee`` at the other end of a pipe."""
    reader, writer = open_output()
    child = subprocess.Popen([sys.executable, "-c", STOPPED], stdin=subprocess.PIPE, stdout=writer, stderr=writer)
    os.close(writer)
    with os.fdopen(reader) as output:
        assert output.readline() == "begun\n"
    child.communicate(timeout=20)
    assert child.returncode == 129
