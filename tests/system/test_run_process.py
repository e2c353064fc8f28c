from __future__ import annotations

from pathlib import Path

import pytest

from marl.core.errors import ConfigError
from marl.system.lock import sole_user
from marl.system.memory import available_memory, jobs_that_fit
from marl.system.process_pool import usable_cores

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


def test_the_machine_has_cores_and_memory() -> None:
    assert usable_cores() >= 1
    assert 10**7 < available_memory() < 10**14


def test_one_command_at_a_time_works_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    with sole_user(folder), pytest.raises(ConfigError, match="another marl command works in"), sole_user(folder):
        pass
    with sole_user(folder):
        assert folder.is_dir()
