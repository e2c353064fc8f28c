"""``marl train`` with ``--native-grid`` or ``--seeds``: many runs at once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from marl.cli.many_progress import GridWatcher
from marl.core.composition import parse_teams
from marl.core.errors import ConfigError
from marl.launch.many_runs import (
    GridRun,
    Standing,
    check_makeable,
    clear_unstarted,
    parse_seeds,
    plan_runs,
    standing_of,
)
from marl.system.device import resolve_device
from marl.system.interrupts import stop_on_interrupt
from marl.system.lock import sole_user
from marl.system.memory import available_memory, jobs_that_fit
from marl.system.process_pool import usable_cores
from marl.system.run_process import RunProcess
from marl.tasks.environment_config import make_environment
from marl.training.run_config import RunConfig, task_of

__all__ = ["read_runs", "train_runs"]

SECONDS_BETWEEN_LOOKS = 0.2
TOLD_LINES = 6
STATES = {"finished": "finished before", "stopped": "to go on with", "new": "to begin"}


def read_runs(config: RunConfig[Any], out: Path, native_grid: str | None, seeds: str | None) -> list[GridRun]:
    """The runs that the options describe.

    Args:
        config: of the preset, changed by the options that name its fields.
        out: folder of all runs.
        native_grid: compositions; None for the one of the preset.
        seeds: how many, or which; None for the one of the preset.

    Raises:
        ConfigError: if an option or a composition will not do.
    """
    numbers = [config.seed] if seeds is None else parse_seeds(seeds)
    if (out / "config.yaml").exists():
        raise ConfigError(f"--out {out} is itself a run; name a folder for many")
    return plan_runs(config, out, None if native_grid is None else _teams(config, native_grid), numbers)


def _teams(config: RunConfig[Any], native_grid: str) -> list[dict[str, int]]:
    environment = make_environment(task_of(config), config.env, 1)
    names = [agent_class.name for agent_class in environment.roster.classes]
    environment.close()
    try:
        return parse_teams(native_grid, names)
    except ValueError as error:
        raise ConfigError(f"--native-grid: {error}") from error


def train_runs(runs: Sequence[GridRun], out: Path, jobs: int | None, again: str) -> int:
    """Trains what is not finished yet, several at once, each in a process of its own.

    Args:
        runs: in the order in which they begin.
        out: folder of all runs.
        jobs: how many at once; None for as many as the machine bears.
        again: the command that goes on.

    Returns:
        Exit status: 0 all finished, 1 some failed, 130 stopped.

    Raises:
        ConfigError: before anything begins, if ``jobs`` or a run will not do.
    """
    console = Console(highlight=False)
    if jobs is not None and jobs < 1:
        raise ConfigError(f"--jobs is {jobs}; give at least 1")
    standings = {run.name: standing_of(run) for run in runs}
    begun_first = sorted(runs, key=lambda run: standings[run.name].state == "new")
    compositions = {run.folder.parent: run for run in begun_first}  # of each the last: one that is new if any is
    for run in compositions.values():  # its other seeds are made alike
        check_makeable(run)
    counts: Counter[str] = Counter(standing.state for standing in standings.values())
    told = ", ".join(f"{counts[state]} {text}" for state, text in STATES.items() if counts[state])
    console.print(f"{len(runs)} runs: {told}", soft_wrap=True)
    if counts["finished"] < len(runs):
        jobs = jobs or _jobs(runs[0].config, len(runs) - counts["finished"])
        console.print(f"{jobs} at once; what each prints is in the .log beside its folder", soft_wrap=True)
    with sole_user(out) as lock:
        outcome = _train(runs, standings, jobs or 1, lock, console)
    console.print(_counted(outcome, len(runs)), soft_wrap=True)
    if outcome.stopped or outcome.failed:
        console.print(f"go on with: {again}", soft_wrap=True)
    if outcome.stopped:
        return 130
    return 1 if outcome.failed else 0


def _jobs(config: RunConfig[Any], runs: int) -> int:
    if resolve_device(config.device).type == "cuda":
        return 1
    return jobs_that_fit(runs, config.threads or 1, usable_cores(), available_memory())


@dataclass
class _Outcome:
    finished: int = 0
    failed: list[GridRun] = field(default_factory=list)
    stopped: bool = False


def _train(
    runs: Sequence[GridRun], standings: Mapping[str, Standing], jobs: int, lock: int, console: Console
) -> _Outcome:
    waiting = [run for run in runs if standings[run.name].state != "finished"]
    outcome = _Outcome(finished=len(runs) - len(waiting))
    running: dict[str, tuple[GridRun, RunProcess]] = {}
    watcher = GridWatcher(console, runs, standings)
    with stop_on_interrupt() as stop_wished, watcher, _killed_on_interrupt(running):
        while running or (waiting and not outcome.stopped):
            if stop_wished() and not outcome.stopped:
                outcome.stopped = True
                _stop(running, console)
            while waiting and len(running) < jobs and not outcome.stopped:
                run = waiting.pop(0)
                running[run.name] = run, _start(run, standings[run.name], lock)
                watcher.begin(run)
            time.sleep(SECONDS_BETWEEN_LOOKS)
            _look(running, outcome, watcher)
    return outcome


@contextmanager
def _killed_on_interrupt(running: Mapping[str, tuple[GridRun, RunProcess]]) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        for _, process in running.values():
            process.kill()
        raise


def _start(run: GridRun, standing: Standing, lock: int) -> RunProcess:
    resume = standing.state == "stopped"
    if not resume:
        clear_unstarted(run.folder)
    run.folder.parent.mkdir(parents=True, exist_ok=True)
    return RunProcess(run.config, run.folder, resume, run.log, lock)


def _stop(running: Mapping[str, tuple[GridRun, RunProcess]], console: Console) -> None:
    console.print(f"stopping: {len(running)} runs save and end; Ctrl-C again ends them at once", soft_wrap=True)
    for _, process in running.values():
        process.stop()


def _look(running: dict[str, tuple[GridRun, RunProcess]], outcome: _Outcome, watcher: GridWatcher) -> None:
    for run, process in list(running.values()):
        status, progress = process.status, process.progress()
        if progress is not None:
            watcher.show(run, progress)
        if status is not None:
            del running[run.name]
            _end(run, process, status, outcome, watcher)
    watcher.tick()


def _end(run: GridRun, process: RunProcess, status: int, outcome: _Outcome, watcher: GridWatcher) -> None:
    if status == 0:
        outcome.finished += 1
        watcher.end(run, "finished")
    elif status == 130 and outcome.stopped:
        watcher.end(run, "stopped", " and saved")
    else:
        outcome.failed.append(run)
        lines = "".join(f"\n    {line}" for line in process.printed()[-TOLD_LINES:])
        watcher.end(run, "failed", f" ({_reason(status)}); the end of {run.log}:{lines}")


def _reason(status: int) -> str:
    if status < 0:
        return f"ended by signal {-status}" + ("; for want of memory? try fewer --jobs" if status == -9 else "")
    return f"status {status}"


def _counted(outcome: _Outcome, runs: int) -> str:
    names = ", ".join(run.name for run in outcome.failed)
    failed = f", {len(outcome.failed)} failed ({names})" if names else ""
    return f"{'stopped with ' if outcome.stopped else ''}{outcome.finished} of {runs} runs finished{failed}"
