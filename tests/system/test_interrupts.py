from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from types import FrameType

import pytest

from marl.system.interrupts import deaf_to_interrupt, stop_on_interrupt


def own(number: int, frame: FrameType | None) -> None:
    raise AssertionError("a signal came to the handler of the test")


@pytest.fixture(autouse=True)
def _handler() -> Iterator[None]:
    """A handler that is known: a process that a shell put into the background ignores the signal."""
    before = signal.signal(signal.SIGINT, own)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_first_ctrl_c_is_a_wish_and_the_second_interrupts() -> None:
    with stop_on_interrupt() as stop_wished:
        assert not stop_wished()
        signal.raise_signal(signal.SIGINT)
        assert stop_wished()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert stop_wished()


def test_the_handler_that_was_there_comes_back() -> None:
    with stop_on_interrupt():
        assert signal.getsignal(signal.SIGINT) is not own
    assert signal.getsignal(signal.SIGINT) is own
    with pytest.raises(ZeroDivisionError), stop_on_interrupt():
        _ = 1 / 0
    assert signal.getsignal(signal.SIGINT) is own


def test_a_new_block_knows_nothing_of_an_earlier_wish() -> None:
    with stop_on_interrupt():
        signal.raise_signal(signal.SIGINT)
    with stop_on_interrupt() as stop_wished:
        assert not stop_wished()


def test_outside_the_main_thread_nothing_changes() -> None:
    """There Python refuses to set a handler."""
    seen: list[object] = []

    def work() -> None:
        with stop_on_interrupt() as stop_wished:
            seen.extend([stop_wished(), signal.getsignal(signal.SIGINT)])
        with deaf_to_interrupt():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False, own, own]


def test_deaf_it_ignores_ctrl_c_and_hears_again_afterwards() -> None:
    with deaf_to_interrupt():
        signal.raise_signal(signal.SIGINT)  # own would raise
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGINT) is own
    with pytest.raises(ZeroDivisionError), deaf_to_interrupt():
        _ = 1 / 0
    assert signal.getsignal(signal.SIGINT) is own


def test_a_process_that_is_started_meanwhile_is_deaf() -> None:
    script = "import signal; signal.raise_signal(signal.SIGINT); print('still here')"
    start = [sys.executable, "-c", script]
    with deaf_to_interrupt():
        deaf = subprocess.run(start, capture_output=True, text=True, check=False)
    assert (deaf.returncode, deaf.stdout) == (0, "still here\n")
    hearing = subprocess.run(start, capture_output=True, text=True, check=False)
    assert (hearing.returncode, hearing.stdout) == (-signal.SIGINT, "")
