"""Consoles that print as it is, and progress: bars in a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Column

__all__ = ["ProgressBar", "noted_columns", "plain_console"]


def plain_console() -> Console:
    """Console that prints text as it is: a path may have what would be markup, an emoji or a highlight.

    rich itself leaves colours out where ``NO_COLOR`` is set.
    """
    return Console(highlight=False, markup=False, emoji=False)


class ProgressBar:
    """Progress bar in a terminal, now and then a line elsewhere.

    Use it in a ``with`` statement. Further bars, such as those of many runs, are added to ``bars``.

    Args:
        console: prints.
        columns: columns of a bar; `update` takes the fields that they name.
        total: amount of the whole, or None if it is not known yet.
        name: description of the bar.
        seconds_between_lines: least time between two lines.
        seconds_of_speed: period over which speed is measured, for the remaining time.
        first_at_once: True to print the first line at once, and not only after that time.
        expand: True to use the width of the terminal.
        fields: values of the columns' fields at the start.
    """

    def __init__(
        self,
        console: Console,
        columns: tuple[ProgressColumn, ...],
        total: float | None = None,
        name: str = "",
        seconds_between_lines: float = 10.0,
        seconds_of_speed: float = 30.0,
        first_at_once: bool = False,
        expand: bool = False,
        **fields: Any,
    ) -> None:
        self.console, self.seconds_between_lines = console, seconds_between_lines
        self.bars = Bars(
            *columns,
            console=console,
            disable=not console.is_terminal,
            expand=expand,
            speed_estimate_period=seconds_of_speed,
        )
        self.task = self.bars.add_task(name, total=total, **fields)
        self.last = time.monotonic() - (seconds_between_lines if first_at_once else 0.0)

    def __enter__(self) -> ProgressBar:
        self.bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.bars.stop()

    def update(self, completed: float, total: float | None = None, **fields: Any) -> None:
        """Show the progress.

        Args:
            completed: amount done.
            total: amount of the whole, if it has changed.
            fields: values of the columns' fields.
        """
        self.bars.update(self.task, completed=completed, total=total, **fields)

    def tell(self, line: str, last: bool = False) -> None:
        """Print a line where there is no terminal, if it is time.

        Args:
            line: text.
            last: True to print it in any case.
        """
        now = time.monotonic()
        if not self.console.is_terminal and (last or now - self.last >= self.seconds_between_lines):
            self.last = now
            self.console.print(line, markup=False, soft_wrap=True)


def noted_columns() -> tuple[ProgressColumn, ...]:
    """Columns of a bar with the share done, the remaining time, and the field ``note``."""
    return (
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
        TextColumn(
            "{task.fields[note]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)
        ),
    )
