"""Free memory, and the number of runs that fit into it."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["available_memory", "jobs_that_fit"]

BYTES_OF_A_RUN = 1_000_000_000
"""Memory of one run in bytes, measured on predator_teams.yaml: 0.5 GB for 2 + 2, 0.7 GB for 4 + 4, 1.0 GB for 8 + 8."""


def jobs_that_fit(runs: int, threads: int, cores: int, memory: int) -> int:
    """Number of runs to train at once.

    Args:
        runs: number of runs.
        threads: threads of each run.
        cores: cores of the machine.
        memory: free memory in bytes.
    """
    return max(1, min(runs, cores // threads, memory // BYTES_OF_A_RUN))


def available_memory(meminfo: Path = Path("/proc/meminfo")) -> int:
    """Available memory in bytes, without swapping; all memory where the system does not say.

    Args:
        meminfo: file in which Linux reports it.
    """
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except OSError:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
