"""Progress of commands in numbers of equal things."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from marl.system.console import ProgressBar

__all__ = ["Counting"]


class Counting:
    """Show progress in a number of equal things.

    Args:
        console: prints.
        things: their name, e.g. ``games``.
    """

    def __init__(self, console: Console, things: str) -> None:
        columns = (BarColumn(bar_width=40), MofNCompleteColumn(), TextColumn(things), TimeRemainingColumn())
        self.bar = ProgressBar(console, (*columns, TextColumn("{task.fields[note]}")), note="")
        self.things = things

    def __enter__(self) -> Callable[..., None]:
        self.bar.__enter__()
        return self.show

    def __exit__(self, *error: object) -> None:
        self.bar.__exit__(*error)

    def show(self, done: int, total: int | None = None, env_steps: int | None = None) -> None:
        """Show the number done, the number of all, and env steps on the way; None if nobody knows, or asks."""
        note = "" if env_steps is None else f"{env_steps:,} env steps"
        self.bar.update(done, total, note=note)
        told = f"{done} {self.things}" if total is None else f"{done} of {total} {self.things}"
        self.bar.tell(f"{told}, {note}" if note else told)
