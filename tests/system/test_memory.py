from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from marl.system.memory import available_memory, jobs_that_fit

GB = 10**9


@pytest.mark.parametrize(
    ("runs", "threads", "cores", "memory", "jobs"),
    [
        (18, 1, 8, 64 * GB, 8),
        (18, 2, 8, 64 * GB, 4),
        (3, 1, 8, 64 * GB, 3),
        (18, 1, 64, 5 * GB, 5),
        (18, 4, 2, 64 * GB, 1),
        (18, 1, 8, GB // 2, 1),
    ],
)
def test_as_many_train_at_once_as_cores_and_memory_bear(
    runs: int, threads: int, cores: int, memory: int, jobs: int
) -> None:
    assert jobs_that_fit(runs, threads, cores, memory) == jobs


def test_available_memory_is_what_linux_tells_in_units_of_1024_bytes(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:       16000000 kB\nMemFree:          100000 kB\nMemAvailable:    2000000 kB\n")
    assert available_memory(meminfo) == 2_048_000_000


def test_where_the_system_does_not_tell_it_is_all_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", {"SC_PHYS_PAGES": 3_000_000, "SC_PAGE_SIZE": 4096}.__getitem__)
    assert available_memory(tmp_path / "nowhere") == 12_288_000_000


FREED = """
import numpy, os, sys
from marl.system.memory import give_back_large_blocks

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20

if sys.argv[1] == "give back":
    give_back_large_blocks()
numpy.ones(30 * 2**17)  # freed at once: from then on the heap takes blocks of up to 30 MB
before, blocks = resident(), [(numpy.ones(16 * 2**17), numpy.ones(2**13)) for _ in range(10)]
blocks = [small for _, small in blocks]  # those stay, between the large ones
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="is about glibc")
@pytest.mark.parametrize(("how", "least", "most"), [("as it is", 100, 200), ("give back", 0, 40)])
def test_large_blocks_that_are_freed_go_back_to_the_system(how: str, least: int, most: int) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    told = subprocess.run([sys.executable, "-c", FREED, how], env=env, capture_output=True, text=True, check=True)
    assert least <= int(told.stdout) <= most  # of 160 MB
