"""Runs in processes of their own.

A child reads its job, one line of JSON, from its standard input, tells on its standard output where
training stands, one line of JSON each time, and prints into a log. When its standard input ends, because the
parent wishes so or is no more, it saves and ends. It has a session of its own, so that Ctrl-C in a terminal
reaches the parent only.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["RunProcess"]


class RunProcess:
    """A run that trains in a process of its own.

    Args:
        command: starts the process.
        job: that the process reads, as JSON takes it.
        log: what it prints is added to this file; its folder must be there.
        lock: what `sole_user` gave; the process holds it, too, until it ends.

    Raises:
        OSError: if it cannot be started, or the log not written.
    """

    def __init__(self, command: Sequence[str], job: Mapping[str, Any], log: Path, lock: int) -> None:
        self.log = log
        self._read = b""
        with log.open("ab") as file:
            self._log_start = file.tell()
            self._process = subprocess.Popen(
                list(command),
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

    def told(self) -> dict[str, Any] | None:
        """The latest line that it told; None if there is none since this was asked last."""
        with suppress(BlockingIOError):
            while chunk := os.read(self._output.fileno(), 65_536):
                self._read += chunk
        *lines, self._read = self._read.split(b"\n")
        told: dict[str, Any] | None = json.loads(lines[-1]) if lines else None
        return told

    def stop(self) -> None:
        """Let it save and end after the iteration that it is in."""
        with suppress(BrokenPipeError):
            self._input.close()

    def kill(self) -> None:
        """End it at once; what is left is its last checkpoint."""
        self._process.kill()
        self._process.wait()

    def printed(self) -> list[str]:
        """The lines that it printed, those without content left out."""
        with self.log.open("rb") as file:
            file.seek(self._log_start)
            text = file.read().decode(errors="replace")
        return [line for line in text.splitlines() if line.strip()]
