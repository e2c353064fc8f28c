"""Training runs in child processes.

A child reads its job, one line of JSON, from standard input. It reports its progress on standard output, one line of
JSON each time, and prints into a log. When its standard input ends, because the parent closes it or has died, it saves
and ends. It has a session of its own, so that Ctrl-C in a terminal reaches only the parent, and is started with signals
held back, until it ignores them.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from marl.system.interrupts import hold_signals

__all__ = ["RunProcess"]


class RunProcess:
    """Training run in a child process.

    Args:
        command: starts the process.
        job: settings for the process, as JSON.
        log: file to which its output is appended; its folder must exist.
        lock: descriptor from `sole_user`; the process holds the lock, too, until it ends.

    Raises:
        OSError: if the process cannot be started, or the log not written.
    """

    def __init__(self, command: Sequence[str], job: Mapping[str, Any], log: Path, lock: int) -> None:
        self.log = log
        self._read = b""
        with log.open("ab") as file, hold_signals():
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
        with suppress(BrokenPipeError):  # the process has ended already, as its status shows
            self._input.write(json.dumps(job).encode() + b"\n")
            self._input.flush()

    @property
    def status(self) -> int | None:
        """Exit status, negative for a signal; None while it runs."""
        return self._process.poll()

    def told(self) -> dict[str, Any] | None:
        """Latest progress line; None if there is none since the last call."""
        with suppress(BlockingIOError):
            while chunk := os.read(self._output.fileno(), 65_536):
                self._read += chunk
        *lines, self._read = self._read.split(b"\n")
        told: dict[str, Any] | None = json.loads(lines[-1]) if lines else None
        return told

    def stop(self) -> None:
        """Ask it to save and end after the present iteration."""
        with suppress(BrokenPipeError):
            self._input.close()

    def kill(self) -> None:
        """End it at once; its last checkpoint is left."""
        self._process.kill()
        self._process.wait()
        self.close()

    def close(self) -> None:
        """Close its pipes; one that still runs is stopped."""
        self.stop()
        self._output.close()

    def printed(self) -> list[str]:
        """Printed lines, blank ones left out."""
        with self.log.open("rb") as file:
            file.seek(self._log_start)
            text = file.read().decode(errors="replace")
        return [line for line in text.splitlines() if line.strip()]
