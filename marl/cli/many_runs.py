"""Many runs at once: ``marl train`` with ``--native-grid`` or ``--seeds``."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marl.cli.many_progress import ManyProgress
from marl.cli.worker import COMMAND
from marl.core.composition import parse_teams
from marl.core.errors import ConfigError
from marl.core.limits import MOST_JOBS, check_between
from marl.core.reading import check_file
from marl.launch.many_runs import (
    Advanced,
    Began,
    Ended,
    ManyRuns,
    PlannedRun,
    Stopping,
    Waited,
    check_makeable,
    plan_runs,
)
from marl.launch.seeds import parse_seeds
from marl.launch.standing import standing_of
from marl.system.console import plain_console
from marl.system.device import resolve_device
from marl.system.interrupts import exit_status
from marl.system.lock import sole_user
from marl.system.memory import available_memory, jobs_that_fit
from marl.system.process_pool import usable_cores
from marl.tasks.environment_config import make_environment
from marl.training.run_config import RunConfig

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Outcome", "read_runs", "show_runs", "train_runs", "usual_jobs"]

TOLD_LINES = 6
STATES = {"finished": "finished before", "stopped": "to go on with", "new": "to begin"}


def read_runs(config: RunConfig[Any], out: Path, native_grid: str | None, seeds: str | None) -> list[PlannedRun]:
    """Plan the runs that the options describe.

    Args:
        config: of the preset, changed by the options that name its fields.
        out: folder of all runs.
        native_grid: compositions; None for the one of the preset.
        seeds: number or list of seeds; None for the one of the preset.

    Raises:
        ConfigError: if an option or a composition cannot be used.
    """
    numbers = [config.seed] if seeds is None else parse_seeds(seeds)
    if (out / "config.yaml").exists():
        raise ConfigError(f"--out {out} is itself a run; name a folder for many")
    return plan_runs(config, out, None if native_grid is None else _teams(config, native_grid), numbers)


def _teams(config: RunConfig[Any], native_grid: str) -> list[dict[str, int]]:
    environment = make_environment(config.task, config.env, 1)
    names = [agent_class.name for agent_class in environment.roster.classes]
    environment.close()
    try:
        return parse_teams(native_grid, names)
    except ValueError as error:
        raise ConfigError(f"--native-grid: {error}") from error


def train_runs(runs: Sequence[PlannedRun], out: Path, jobs: int | None, again: str) -> int:
    """Train all unfinished runs, several at once, each in a process of its own.

    Args:
        runs: in the order in which they begin.
        out: folder of all runs.
        jobs: number of runs at once; None for as many as cores and memory allow.
        again: command that goes on with the runs.

    Returns:
        Exit status: 0 all finished, 1 some failed; stopped 130, by SIGTERM 143, by SIGHUP 129.

    Raises:
        ConfigError: if ``jobs`` or a run cannot be used, before anything begins.
    """
    console = plain_console()
    check_between("--jobs", jobs, 1, MOST_JOBS)
    for run in runs:
        if run.log.exists():
            check_file(run.log)
    standings = {run.name: standing_of(run.folder, run.config) for run in runs}
    begun_first = sorted(runs, key=lambda run: standings[run.name].state == "new")
    compositions = {run.folder.parent: run for run in begun_first}  # the last of each: a new run if there is one
    for run in compositions.values():  # the other seeds differ in nothing that could fail
        check_makeable(run)
    counts: Counter[str] = Counter(standing.state for standing in standings.values())
    told = ", ".join(f"{counts[state]} {text}" for state, text in STATES.items() if counts[state])
    console.print(f"{len(runs)} runs: {told}", soft_wrap=True)
    if counts["finished"] < len(runs):
        jobs = jobs or usual_jobs(runs[0].config, len(runs) - counts["finished"])
        console.print(f"{jobs} at once; what each prints is in logs/ beside its folder", soft_wrap=True)
    with sole_user(out) as lock:
        many = ManyRuns(runs, standings, jobs or 1, lock, [*COMMAND, *sys.path])
        outcome = show_runs(many, ManyProgress(console, runs, standings), console)
    outcome.finished += counts["finished"]
    console.print(_counted(outcome, len(runs)), soft_wrap=True)
    if outcome.status or outcome.failed:
        console.print(f"go on with: {again}", soft_wrap=True)
    return outcome.status or int(bool(outcome.failed))


def usual_jobs(config: RunConfig[Any], runs: int) -> int:
    """Runs of a configuration that cores and memory bear at once; on a GPU one."""
    if resolve_device(config.device).type == "cuda":
        return 1
    busy = max(config.threads or 1, getattr(config.env, "processes", 1))
    return jobs_that_fit(runs, busy, usable_cores(), available_memory())


@dataclass
class Outcome:
    """Ends of many runs.

    Args:
        finished: number of those that finished.
        failed: those that failed.
        status: exit status where a signal stopped them, or 0.
    """

    finished: int = 0
    failed: list[PlannedRun] = field(default_factory=list)
    status: int = 0


def show_runs(
    many: ManyRuns, progress: ManyProgress, console: Console, ended: Callable[[], bool] = lambda: False
) -> Outcome:
    """Train, and show the events.

    Args:
        many: the runs.
        progress: shows how far they are.
        console: prints.
        ended: asked after each look at the processes; True ends them at once.
    """
    outcome = Outcome()
    with progress, closing(many.train()) as events:
        for event in events:
            match event:
                case Began(run):
                    progress.begin(run)
                case Advanced(run, where):
                    progress.show(run, where)
                case Ended():
                    _show_end(event, progress, outcome)
                case Stopping(running, signal):
                    outcome.status = exit_status(signal)
                    told = f"stopping: {running} runs save and end; Ctrl-C again ends them at once"
                    console.print(told, soft_wrap=True)
                case Waited():
                    progress.tick()
                    if ended():
                        break
    return outcome


def _show_end(event: Ended, progress: ManyProgress, outcome: Outcome) -> None:
    if event.outcome == "finished":
        outcome.finished += 1
        progress.end(event.run, "finished")
    elif event.outcome == "stopped":
        progress.end(event.run, "stopped", " and saved")
    else:
        outcome.failed.append(event.run)
        lines = "".join(f"\n    {line}" for line in event.printed[-TOLD_LINES:])
        progress.end(event.run, "failed", f" ({_reason(event.status)}); the end of {event.run.log}:{lines}")


def _reason(status: int) -> str:
    if status < 0:
        return f"ended by signal {-status}" + ("; for want of memory? try fewer --jobs" if status == -9 else "")
    return f"status {status}"


def _counted(outcome: Outcome, runs: int) -> str:
    names = ", ".join(run.name for run in outcome.failed)
    failed = f", {len(outcome.failed)} failed ({names})" if names else ""
    return f"{'stopped with ' if outcome.status else ''}{outcome.finished} of {runs} runs finished{failed}"
