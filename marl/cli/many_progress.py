"""Progress of many runs, as ``marl train`` shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from rich.console import Console
from rich.progress import TaskID, TextColumn
from rich.table import Column

from marl.launch.many_runs import PlannedRun
from marl.launch.standing import Standing
from marl.system.console import ProgressBar, noted_columns
from marl.training.console_progress import note_of
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
        name = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True))
        total = sum(_cost(run, run.config.total_env_steps) for run in runs)
        self.bar = ProgressBar(
            console,
            (name, *noted_columns()),
            total,
            name="all",
            seconds_between_lines=SECONDS_BETWEEN_LINES,
            seconds_of_speed=SECONDS_OF_SPEED,
            expand=True,
            note="",
        )
        self._count()
        self.tasks: dict[str, TaskID] = {}

    def __enter__(self) -> ManyProgress:
        self.bar.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.__exit__(*error)

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
        self.tasks[run.name] = self.bar.bars.add_task(run.name, total=total, completed=done, note="starting")
        self._count()

    def show(self, run: PlannedRun, progress: Progress) -> None:
        """Show the progress of a run."""
        self.env_steps[run.name] = progress.env_steps
        self.notes[run.name] = note_of(progress)
        self.bar.bars.update(self.tasks[run.name], completed=progress.env_steps, note=self.notes[run.name])
        self._count()

    def end(self, run: PlannedRun, how: str, details: str = "") -> None:
        """Show the end of a run's process: ``finished``, ``failed`` or ``stopped``."""
        self.bar.bars.remove_task(self.tasks.pop(run.name))
        self.ended[how] += 1
        if how == "finished":  # its scores may have ended it early
            self.env_steps[run.name] = run.config.total_env_steps
        note = f"{self.notes[run.name]}  " if run.name in self.notes else ""
        self.console.print(f"{run.name}  {note}{how}{details}", soft_wrap=True)
        self._count()

    def tick(self) -> None:
        """Print a line where there are no bars, if it is time."""
        everything, *running = self.bar.bars.tasks
        shares = ", ".join(f"{task.description} {task.percentage:.0f}%" for task in running)
        remaining = everything.time_remaining
        left = "" if remaining is None else f", about {timedelta(seconds=round(remaining))} left"
        self.bar.tell(f"{everything.percentage:3.0f}%  {self._counts}{left}, training {shares}")

    def _count(self) -> None:
        self.bar.update(self._done, note=self._counts)


def _cost(run: PlannedRun, env_steps: int) -> float:
    """Cost of env steps: it grows with the team between linearly and by the square, measured from 2 to 16 predators."""
    return min(env_steps, run.config.total_env_steps) * run.agents**1.5
