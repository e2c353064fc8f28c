"""Runs in processes of their own, and how many of them a machine bears.

A child reads its job, one line of JSON, from its standard input, tells on its standard output where
training stands, and prints into a log. When its standard input ends, because the parent wishes so
or is no more, it saves and ends. It has a session of its own, so that Ctrl-C in a terminal reaches
the parent only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from marl.training.progress import Progress
from marl.training.run_config import RunConfig

__all__ = ["RunProcess"]

START = "import sys; sys.path[:] = sys.argv[1:]; from marl.cli.worker import main; sys.exit(main())"


class RunProcess:
    """A run that trains in a process of its own.

    Args:
        config: of the run.
        folder: of the run.
        resume: go on from its latest checkpoint.
        log: what it prints is added to this file; its folder must be there.
        lock: what `sole_user` gave; the process holds it, too, until it ends.

    Raises:
        OSError: if it cannot be started, or the log not written.
    """

    def __init__(self, config: RunConfig[Any], folder: Path, resume: bool, log: Path, lock: int) -> None:
        self.log = log
        self._read = b""
        job = {"config": config.model_dump(mode="json"), "folder": str(folder), "resume": resume}
        with log.open("ab") as file:
            self._log_start = file.tell()
            self._process = subprocess.Popen(
                [sys.executable, "-c", START, *sys.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                start_new_session=True,
                pass_fds=[lock],
            )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        os.set_blocking(self._output.fileno(), False)
        with suppress(BrokenPipeError):  # it is gone already; its status tells
            self._input.write(json.dumps(job).encode() + b"\n")
            self._input.flush()

    @property
    def status(self) -> int | None:
        """Exit status, negative for a signal; None while it runs."""
        return self._process.poll()

    def progress(self) -> Progress | None:
        """Where training stands; None if nothing was told since this was asked last."""
        with suppress(BlockingIOError):
            while chunk := os.read(self._output.fileno(), 65_536):
                self._read += chunk
        *lines, self._read = self._read.split(b"\n")
        return Progress(**json.loads(lines[-1])) if lines else None

    def stop(self) -> None:
        """Lets it save and end after the iteration that it is in."""
        with suppress(BrokenPipeError):
            self._input.close()

    def kill(self) -> None:
        """Ends it at once; what is left is its last checkpoint."""
        self._process.kill()
        self._process.wait()

    def printed(self) -> list[str]:
        """The lines that it printed, those without content left out."""
        with self.log.open("rb") as file:
            file.seek(self._log_start)
            text = file.read().decode(errors="replace")
        return [line for line in text.splitlines() if line.strip()]
