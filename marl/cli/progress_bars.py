"""Progress of commands: bars in a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Column

if TYPE_CHECKING:
    from marl.training.progress import Progress

__all__ = ["Counting", "ProgressBar", "Watcher", "counted", "note_of", "noted_columns", "short"]

Thing = TypeVar("Thing")


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


def counted(things: Iterable[Thing], total: int, show: Callable[[int, int], None]) -> Iterator[Thing]:
    """Hand on things one by one, and show how many have been taken."""
    for number, thing in enumerate(things, 1):
        yield thing
        show(number, total)


class Watcher:
    """Show progress of a training, and announce when the task is solved.

    Args:
        console: prints.
        total_env_steps: env steps of the whole run.
        solved_told: True if the task was solved before.
    """

    def __init__(self, console: Console, total_env_steps: int, solved_told: bool = False) -> None:
        self.bar = ProgressBar(console, noted_columns(), total_env_steps, first_at_once=True, expand=True, note="")
        self.solved_told, self.done = solved_told, 0

    def __enter__(self) -> Callable[[Progress], None]:
        self.bar.__enter__()
        return self.show

    def __exit__(self, *error: object) -> None:
        self.bar.__exit__(*error)

    def show(self, progress: Progress) -> None:
        """Show progress after an iteration."""
        if progress.solved is not None and not self.solved_told:
            self.solved_told = True
            self.bar.console.print(progress.solved, soft_wrap=True)
        self.done, note = min(progress.env_steps, progress.total_env_steps), note_of(progress)
        self.bar.update(self.done, note=note)
        left = (progress.total_env_steps - self.done) / progress.env_steps_per_second
        share = f"{self.done / progress.total_env_steps:4.0%}"
        ahead = share if progress.finished else f"{share}  {timedelta(seconds=round(left))} left"
        self.bar.tell(f"{ahead}  {note}", last=progress.finished)

    def show_evaluation(self, ended: int, episodes: int, env_steps: int) -> None:
        """Show the number of episodes of an evaluation that have ended, that of all, and env steps on the way."""
        note = f"evaluating: {ended} of {episodes} episodes, {env_steps:,} env steps"
        self.bar.update(self.done, note=note)
        self.bar.tell(note)


def note_of(progress: Progress) -> str:
    """Line with events per agent and the mean of the latest scores, as a narrow terminal cuts its end; then env steps,
    speed, returns (or, where they are opposite, shares won), the least and largest of these scores, and whether all of
    them are old."""
    metrics = progress.metrics
    kind = "won/" if any(name.startswith("won/") for name in metrics) else "return/"
    shown = {name: f"{name} {short(value)}" for name, value in metrics.items() if name.startswith((kind, "score/m"))}
    parts = [f"{name} {short(value)}" for name, value in metrics.items() if name.partition("/")[0] in progress.events]
    if parts:
        parts[-1] += " per agent"
    parts += [shown.pop(name) for name in list(shown) if name.startswith("score/mean")]
    parts += [f"{progress.env_steps:,} env steps", f"{progress.env_steps_per_second:,.0f} per second", *shown.values()]
    parts += ["no episode has ended since"] if progress.stale and shown else []
    return "  ".join(parts if progress.solved is None else [*parts, progress.solved])


def short(value: float) -> str:
    """A decimal, or three where a number is between -1 and 1, as returns of some tasks are."""
    return f"{value:.3f}" if 0 < abs(value) < 1 else f"{value:.1f}"
