"""Training of one run with its printed output, for ``marl train`` and for the processes of many runs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marl.cli.console import plain_console
from marl.cli.progress_bars import Watcher
from marl.core.trust import module_of
from marl.system.interrupts import exit_status
from marl.system.launcher import command_line
from marl.training import loop
from marl.training.monitor import Monitor
from marl.training.opening import open_run
from marl.training.progress import Progress, Watch
from marl.training.run import Run
from marl.training.run_config import RunConfig

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["train_run"]


def train_run(
    config: RunConfig[Any],
    folder: Path,
    resume: bool,
    report: bool = False,
    watch: Watch | None = None,
) -> int:
    """Train one run and print its progress.

    Args:
        config: of the run.
        folder: of the run.
        resume: go on from its latest checkpoint.
        report: True to compare with reference policies at the end.
        watch: called after every iteration, too; see `Watch`.

    Returns:
        Exit status.
    """
    console = plain_console()
    with open_run(config, folder, resume) as run:
        monitor = Monitor(run)
        _announce(run, console)
        watcher = Watcher(console, config.total_env_steps, run.scores.solved is not None)
        monitor.evaluating = watcher.show_evaluation
        with watcher as show:
            result = loop.train(run, monitor, show if watch is None else _both(show, watch))
        if not result.finished:
            module = module_of(config.env.name)
            again = command_line("marl", "train", "--resume", folder, *(["--trust", module] if module else []))
            console.print(f"stopped and saved at {result.env_steps:,} env steps; go on with: {again}", soft_wrap=True)
            return exit_status(result.stopped_by)
        if run.scores.over:
            console.print(f"the score log ended training after {len(run.scores):,} episodes", soft_wrap=True)
        console.print(f"trained policy: {folder / 'policy'}", soft_wrap=True)
        if report:
            from marl.cli.closing_report import report_run

            report_run(folder, console)
    return 0


def _announce(run: Run, console: Console) -> None:
    if run.finished:
        done = f"{run.folder} has done its {run.env_steps:,} env steps"
        rule = "another rule in --score-log" if run.scores.over else "--total-env-steps N"
        console.print(f"{done}; for more: {rule}", soft_wrap=True)
    else:
        steps = f"from env step {run.env_steps:,} to {run.config.total_env_steps:,}"
        memory = f"{math.ceil(run.batch_bytes / 1e6):,} MB for rollouts and replay"
        what = f"training with {_algorithms(run)} {steps} on {run.device}, {run.policy.size}"
        console.print(f"{what}, {memory}, run folder {run.folder}", soft_wrap=True)
        if run.config.keep_checkpoints == 1:
            told = "keep_checkpoints is 1: should the last checkpoint be damaged, there is none to go back to"
            console.print(told, soft_wrap=True)
        console.print(f"watch it: {command_line('tensorboard', '--logdir', run.folder)}", soft_wrap=True)


def _algorithms(run: Run) -> str:
    """Name of the algorithm, or of that of each side that learns."""
    if not run.config.sides:
        return str(run.config.algorithm.name)
    return ", ".join(
        f"{name}: {side.algorithm.name if side.algorithm else 'fixed'}" for name, side in run.config.sides.items()
    )


def _both(first: Watch, second: Watch) -> Watch:
    def watch(progress: Progress) -> bool:
        wishes = first(progress), second(progress)
        return any(wishes)

    return watch
