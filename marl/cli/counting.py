"""How commands show how much of many equal things is done."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["Counting"]

SECONDS_BETWEEN_LINES = 10.0


class Counting:
    """Shows progress: a bar in a terminal, a line every ten seconds elsewhere.

    Args:
        console: prints.
        things: what is counted, e.g. ``games``.
    """

    def __init__(self, console: Console, things: str) -> None:
        columns = (BarColumn(bar_width=40), MofNCompleteColumn(), TextColumn(things), TimeRemainingColumn())
        self.console, self.things, self.last = console, things, time.monotonic()
        self.bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self.task = self.bar.add_task(things, total=None)

    def __enter__(self) -> Callable[[int, int], None]:
        self.bar.start()
        return self.show

    def __exit__(self, *error: object) -> None:
        self.bar.stop()

    def show(self, done: int, total: int) -> None:
        """Takes note of how many are done."""
        self.bar.update(self.task, completed=done, total=total)
        if not self.console.is_terminal and time.monotonic() - self.last >= SECONDS_BETWEEN_LINES:
            self.last = time.monotonic()
            self.console.print(f"{done} of {total} {self.things}")
