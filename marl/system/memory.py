"""Free memory, and the number of runs that it bears."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["available_memory", "jobs_that_fit"]

BYTES_OF_A_RUN = 1_000_000_000
"""Measured on predator_teams.yaml: 0.5 GB for 2 + 2, 0.7 GB for 4 + 4, 1.0 GB for 8 + 8."""


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
