"""Training of one run with its printed output, for ``marl train`` and for the processes of many runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from marl.system.console import plain_console
from marl.system.interrupts import exit_status
from marl.training import loop
from marl.training.callbacks import Callback, Callbacks
from marl.training.console_progress import console_callbacks
from marl.training.monitor import Monitor
from marl.training.opening import open_run
from marl.training.run_config import RunConfig

__all__ = ["train_run"]


def train_run(
    config: RunConfig[Any],
    folder: Path,
    resume: bool,
    report: bool = False,
    callbacks: Iterable[Callback] = (),
) -> int:
    """Train one run and print its progress.

    Args:
        config: of the run.
        folder: of the run.
        resume: go on from its latest checkpoint.
        report: True to compare with reference policies at the end.
        callbacks: more watchers of the training.

    Returns:
        Exit status.
    """
    with open_run(config, folder, resume) as run:
        result = loop.train(run, Monitor(run, Callbacks((*console_callbacks(), *callbacks))))
        if not result.finished:
            return exit_status(result.stopped_by)
        if report:
            from marl.cli.closing_report import report_run

            report_run(folder, plain_console())
    return 0
