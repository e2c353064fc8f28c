"""Ctrl-C as a wish."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["deaf_to_interrupt", "stop_on_interrupt"]


@contextmanager
def stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Turns the first Ctrl-C into a wish to stop, so that an iteration is never cut in two.

    Outside the main thread, which alone gets signals, nothing changes.

    Yields:
        A function that tells whether stopping is wished. A second Ctrl-C interrupts at once.
    """
    wished = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield wished.is_set
        return

    def wish(number: int, frame: Any) -> None:
        if wished.is_set():
            raise KeyboardInterrupt
        wished.set()

    before = signal.signal(signal.SIGINT, wish)
    try:
        yield wished.is_set
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def deaf_to_interrupt() -> Iterator[None]:
    """Processes that are started meanwhile do not hear Ctrl-C, which is for their parent to hear."""
    if threading.current_thread() is not threading.main_thread():  # it alone gets signals
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
