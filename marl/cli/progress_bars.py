"""How ``marl train`` shows where training stands."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Column

from marl.training.progress import Progress

__all__ = ["Watcher", "note_of"]

SECONDS_BETWEEN_LINES = 10.0


class Watcher:
    """Shows progress: a bar in a terminal, a line every ten seconds elsewhere.

    Args:
        console: prints.
        total_env_steps: of the run.
        solved_told: the task was solved before.
    """

    def __init__(self, console: Console, total_env_steps: int, solved_told: bool = False) -> None:
        self.console = console
        self.last = time.monotonic() - SECONDS_BETWEEN_LINES
        columns = (
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
        )
        self.bar = Bar(*columns, console=console, disable=not console.is_terminal, expand=True)
        self.solved_told = solved_told
        self.task = self.bar.add_task("train", total=total_env_steps, note="")

    def __enter__(self) -> Callable[[Progress], None]:
        self.bar.start()
        return self.show

    def __exit__(self, *error: object) -> None:
        self.bar.stop()

    def show(self, progress: Progress) -> None:
        """Takes note of an iteration."""
        if progress.solved is not None and not self.solved_told:
            self.solved_told = True
            self.console.print(progress.solved, soft_wrap=True)
        now = time.monotonic()
        if self.console.is_terminal:
            done = min(progress.env_steps, progress.total_env_steps)
            self.bar.update(self.task, completed=done, note=note_of(progress))
        elif progress.finished or now - self.last >= SECONDS_BETWEEN_LINES:
            self.last = now
            share = min(1.0, progress.env_steps / progress.total_env_steps)
            self.console.print(f"{share:4.0%}  {note_of(progress)}", soft_wrap=True)


def note_of(progress: Progress) -> str:
    """Env steps, speed, returns, and the least, mean and largest of the latest scores, in a line."""
    metrics = progress.metrics
    shown = {name: value for name, value in metrics.items() if name.startswith(("return/", "score/m"))}
    parts = [f"{progress.env_steps:,} env steps", f"{progress.env_steps_per_second:,.0f} per second"]
    parts += [f"{name} {value:.1f}" for name, value in shown.items()]
    return "  ".join(parts if progress.solved is None else [*parts, progress.solved])
