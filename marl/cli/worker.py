"""Process of one run among many; see `marl.system.run_process`."""

from __future__ import annotations

import json
import os
import select
import sys
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from marl.cli.guard import guarded
from marl.cli.one_run import train_run
from marl.core.trust import trusting
from marl.launch.standing import clear_unstarted
from marl.system.children import outlive_parent_shortly
from marl.system.interrupts import exit_status, ignore_signals
from marl.training.callbacks import Callback
from marl.training.progress import Progress
from marl.training.run_config import read_config

__all__ = ["COMMAND", "main"]

COMMAND = (
    sys.executable,
    "-c",
    f"import sys; sys.path[:] = sys.argv[1:]; from {__name__} import main; sys.exit(main())",
)
"""Command that starts the process; the entries of ``sys.path`` follow."""


def main() -> int:
    """Train the run that standard input describes.

    Returns:
        Exit status as of ``marl train``.
    """
    ignore_signals()
    outlive_parent_shortly()
    line = sys.stdin.readline()
    if not line:
        return exit_status()
    job = json.loads(line)
    channel = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # prints go into the log, not into the pipe

    def train(_: list[str]) -> int:
        folder = Path(job["folder"])
        with trusting(job["trust"], imported=False):
            if not job["resume"]:
                clear_unstarted(folder)
            return train_run(read_config(job["config"]), folder, job["resume"], callbacks=[_Teller(channel)])

    return guarded(train, job["command"])


class _Teller(Callback):
    """Report progress to the parent, and stop when standard input has ended.

    Args:
        channel: file descriptor of the pipe to the parent.
    """

    def __init__(self, channel: int) -> None:
        self.channel = channel

    def on_iteration(self, progress: Progress) -> bool:
        scores = {
            name: value
            for name, value in progress.metrics.items()
            if name.partition("/")[0] in ("return", *progress.events)
        }
        with suppress(BrokenPipeError):  # the parent has died, so standard input has ended, too
            os.write(self.channel, json.dumps(asdict(replace(progress, metrics=scores))).encode() + b"\n")
        return not select.select([sys.stdin], [], [], 0)[0]  # after the job only the end can be read
