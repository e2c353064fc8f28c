"""Runs in processes of their own, and how many of them a machine bears.

A child reads its job, one line of JSON, from its standard input, tells on its standard output where
training stands, and prints into a log. When its standard input ends, because the parent wishes so
or is no more, it saves and ends. It has a session of its own, so that Ctrl-C in a terminal reaches
the parent only.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from marl.errors import ConfigError
from marl.run_config import RunConfig
from marl.training import Progress

__all__ = ["RunProcess", "available_memory", "jobs_that_fit", "sole_user"]

START = "import sys; sys.path[:] = sys.argv[1:]; from marl.worker import main; sys.exit(main())"
BYTES_OF_A_RUN = 1_000_000_000
"""Measured on predator_teams.yaml: 0.5 GB for 2 + 2, 0.7 GB for 4 + 4, 1.0 GB for 8 + 8."""


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


@contextmanager
def sole_user(folder: Path) -> Iterator[int]:
    """Locks a folder, so that no two commands train the same runs.

    Args:
        folder: made if it is not there.

    Yields:
        The lock, for the processes that work there.

    Raises:
        ConfigError: if another has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise ConfigError(f"another marl command works in {folder}; wait until it ends, or stop it") from error
    except OSError:
        pass  # some network file systems have no locks
    try:
        yield lock
    finally:
        os.close(lock)


def jobs_that_fit(runs: int, threads: int, cores: int, memory: int) -> int:
    """How many runs train at once.

    Args:
        runs: how many there are.
        threads: of each.
        cores: of the machine.
        memory: bytes that are free.
    """
    return max(1, min(runs, cores // threads, memory // BYTES_OF_A_RUN))


def available_memory(meminfo: Path = Path("/proc/meminfo")) -> int:
    """Bytes of memory that can be had without swapping; all memory where the system does not tell.

    Args:
        meminfo: file in which Linux tells.
    """
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except OSError:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
