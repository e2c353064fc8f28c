from __future__ import annotations

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
