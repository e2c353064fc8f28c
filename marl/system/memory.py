"""Free memory, the number of runs that fit into it, and memory that is given back."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

__all__ = ["available_memory", "give_back_large_blocks", "jobs_that_fit"]

BYTES_OF_A_RUN = 1_000_000_000
"""Memory of one run in bytes, measured on predator_teams.yaml: 0.5 GB for 2 + 2, 0.7 GB for 4 + 4, 1.0 GB for 8 + 8."""

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's ``mallopt``; see its manual."""
LARGE_BLOCK = 2**22
"""Bytes from which on a block is given back when it is freed."""
SPARE = 2**25
"""Bytes that may stay unused at the end of the heap."""


def give_back_large_blocks() -> None:
    """Have large blocks of memory go back to the system as soon as they are freed; does nothing without glibc.

    By itself glibc puts blocks of up to 32 MB on its heap once some were freed, and those of different sizes, as
    minibatches of images need them, leave holes there: a training that needs 700 MB may reach 1,060. Smaller blocks
    stay on the heap, as making them anew takes time. Nothing is changed where ``MALLOC_MMAP_THRESHOLD_`` is set.
    Source: https://sourceware.org/glibc/manual/latest/html_node/Malloc-Tunable-Parameters.html
    """
    if sys.platform == "linux" and "MALLOC_MMAP_THRESHOLD_" not in os.environ:
        choose = getattr(ctypes.CDLL(None), "mallopt", None)
        if choose is not None:
            choose(M_MMAP_THRESHOLD, LARGE_BLOCK)
            choose(M_TRIM_THRESHOLD, SPARE)  # else 128 kB: the heap would shrink and grow all the time


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
