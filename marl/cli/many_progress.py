"""Progress of many runs, as ``marl train`` shows it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Column

from marl.cli.progress_bars import NOTE, note_of
from marl.launch.many_runs import PlannedRun
from marl.launch.standing import Standing
from marl.training.progress import Progress

__all__ = ["ManyProgress"]

SECONDS_BETWEEN_LINES = 30.0
SECONDS_OF_SPEED = 300.0


class ManyProgress:
    """Show progress: a bar for each running run and one for all; without a terminal a line every 30 seconds.

    The share of all weighs env steps by their cost, so that the remaining time allows for slower large teams.

    Args:
        console: prints.
        runs: all runs.
        standings: standing of each at the start, by name.
    """

    def __init__(self, console: Console, runs: Sequence[PlannedRun], standings: Mapping[str, Standing]) -> None:
        self.console, self.runs = console, {run.name: run for run in runs}
        self.env_steps = {name: standing.env_steps for name, standing in standings.items()}
        for run in runs:
            if standings[run.name].state == "finished":
                self.env_steps[run.name] = run.config.total_env_steps
        self.ended = Counter("finished" for standing in standings.values() if standing.state == "finished")
        self.notes: dict[str, str] = {}
        self.last = time.monotonic()
        columns = (
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False, table_column=NOTE),
        )
        self.bars = Bars(
            *columns,
            console=console,
            disable=not console.is_terminal,
            expand=True,
            speed_estimate_period=SECONDS_OF_SPEED,
        )
        total = sum(_cost(run, run.config.total_env_steps) for run in runs)
        self.all = self.bars.add_task("all", total=total, note="")
        self._count()
        self.tasks: dict[str, TaskID] = {}

    def __enter__(self) -> ManyProgress:
        self.bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.bars.stop()

    @property
    def _done(self) -> float:
        return sum(_cost(run, self.env_steps[name]) for name, run in self.runs.items())

    @property
    def _counts(self) -> str:
        failed = f", {self.ended['failed']} failed" if self.ended["failed"] else ""
        return f"{self.ended['finished']} of {len(self.runs)} finished{failed}"

    def begin(self, run: PlannedRun) -> None:
        """Add a bar for a run whose process was started."""
        total, done = run.config.total_env_steps, self.env_steps[run.name]
        self.tasks[run.name] = self.bars.add_task(run.name, total=total, completed=done, note="starting")
        self._count()

    def show(self, run: PlannedRun, progress: Progress) -> None:
        """Show the progress of a run."""
        self.env_steps[run.name] = progress.env_steps
        self.notes[run.name] = note_of(progress)
        self.bars.update(self.tasks[run.name], completed=progress.env_steps, note=self.notes[run.name])
        self._count()

    def end(self, run: PlannedRun, how: str, details: str = "") -> None:
        """Show the end of a run's process: ``finished``, ``failed`` or ``stopped``."""
        self.bars.remove_task(self.tasks.pop(run.name))
        self.ended[how] += 1
        if how == "finished":  # its scores may have ended it early
            self.env_steps[run.name] = run.config.total_env_steps
        note = f"{self.notes[run.name]}  " if run.name in self.notes else ""
        self.console.print(f"{run.name}  {note}{how}{details}", soft_wrap=True)
        self._count()

    def tick(self) -> None:
        """Print a line where there are no bars, if it is time."""
        if self.console.is_terminal or time.monotonic() - self.last < SECONDS_BETWEEN_LINES:
            return
        self.last = time.monotonic()
        task = self.bars.tasks[0]
        shares = (f"{task.description} {task.percentage:.0f}%" for task in self.bars.tasks[1:])
        left = "" if task.time_remaining is None else f", about {timedelta(seconds=round(task.time_remaining))} left"
        line = f"{task.percentage:3.0f}%  {self._counts}{left}, training {', '.join(shares)}"
        self.console.print(line, soft_wrap=True)

    def _count(self) -> None:
        self.bars.update(self.all, completed=self._done, note=self._counts)


def _cost(run: PlannedRun, env_steps: int) -> float:
    """Cost of env steps: it grows with the team between linearly and by the square, measured from 2 to 16 predators."""
    return min(env_steps, run.config.total_env_steps) * run.agents**1.5
