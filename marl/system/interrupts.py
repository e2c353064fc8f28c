"""Clean stops on Ctrl-C, SIGTERM and SIGHUP."""

from __future__ import annotations

import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from marl.system.outputs import send_nowhere

__all__ = ["SIGNALS", "StopWish", "end_on_signal", "exit_status", "hold_signals", "ignore_signals", "stop_on_signal"]

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, the request of a system or a scheduler to end, and the end of the terminal."""

SECONDS_OF_ONE_WISH = 1.0
"""Time in which a further SIGTERM or SIGHUP is the same wish: ``timeout`` and a closing terminal send theirs twice."""


@dataclass
class StopWish:
    """Wish to stop, true when called once a signal has asked for it.

    Args:
        signal: number of the first signal; None before.
    """

    signal: int | None = None

    def __call__(self) -> bool:
        return self.signal is not None


@contextmanager
def stop_on_signal() -> Iterator[StopWish]:
    """Stop cleanly: the first signal asks the loop to finish, the second has the effect that it had before the block.

    An iteration is thus never cut in two. Signals that are ignored stay ignored. Outside the main thread, which alone
    gets signals, nothing changes.

    Yields:
        The wish to stop.

    Raises:
        KeyboardInterrupt: at the second Ctrl-C.
    """
    wish, since = StopWish(), 0.0

    def take(number: int, frame: Any) -> None:
        nonlocal since
        if wish.signal is None:
            wish.signal, since = number, time.monotonic()
            _leave_dead_outputs()
        elif number == signal.SIGINT or time.monotonic() > since + SECONDS_OF_ONE_WISH:
            restore()
            signal.raise_signal(number)

    with _handling(take) as restore:
        yield wish
    if wish():
        _leave_dead_outputs()


@contextmanager
def end_on_signal() -> Iterator[None]:
    """End a block or a function at once, so that it can close what it holds.

    Raises:
        KeyboardInterrupt: at a signal, whose number is its argument; see `exit_status`.
    """

    def end(number: int, frame: Any) -> None:
        _leave_dead_outputs()
        raise KeyboardInterrupt(number)

    with _handling(end):
        yield


def exit_status(number: int | None = None) -> int:
    """Exit status of a command that a signal stopped: 130, 143 or 129.

    Args:
        number: of the signal; None for Ctrl-C.
    """
    return 128 + (number or signal.SIGINT)


@contextmanager
def hold_signals() -> Iterator[None]:
    """Hold signals back while a process is started, from its birth to `ignore_signals`; none is lost here."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore_signals() -> None:
    """Ignore the signals in a child process; its parent handles them.

    Programs that it starts ignore Ctrl-C and SIGHUP, too, but not SIGTERM, by which it may end them.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _pass_over)  # a handler is not inherited by programs
    signal.siginterrupt(signal.SIGTERM, False)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _pass_over(number: int, frame: Any) -> None:
    pass


@contextmanager
def _handling(handler: Callable[[int, Any], None]) -> Iterator[Callable[[], None]]:
    """Handle the signals that are not ignored; yield a function that brings the former handlers back."""
    before: dict[int, Any] = {}

    def restore() -> None:
        for number, former in before.items():
            signal.signal(number, former)

    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in SIGNALS}
        before = {number: was for number, was in before.items() if was not in (signal.SIG_IGN, _pass_over, None)}
    try:
        for number in before:
            signal.signal(number, handler)
        yield restore
    finally:
        restore()


def _leave_dead_outputs() -> None:
    """Send what is printed nowhere where the terminal or a pipe's reader is gone, so that saving goes on."""
    outputs = select.poll()
    for output in (1, 2):
        outputs.register(output, 0)
    for output, event in outputs.poll(0):
        if event & (select.POLLERR | select.POLLHUP):
            send_nowhere(output)
