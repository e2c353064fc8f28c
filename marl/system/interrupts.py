"""Clean stops on Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["deaf_to_interrupt", "stop_on_interrupt"]


@contextmanager
def stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Stop cleanly on Ctrl-C: the first asks the loop to finish, the second interrupts at once.

    An iteration is thus never cut in two. Outside the main thread, which alone gets signals, nothing changes.

    Yields:
        A function that is True once stopping is asked for.

    Raises:
        KeyboardInterrupt: at the second Ctrl-C.
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
    """Ignore Ctrl-C in processes started in the block; their parent handles it."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread gets signals
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
