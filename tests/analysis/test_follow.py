from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from marl.analysis import follow
from marl.analysis.follow import policies
from marl.core.errors import FileError
from marl.system.lock import sole_user


def test_each_policy_is_yielded_as_it_is_written_until_nobody_trains(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "x"
    (folder / "checkpoints" / "000000000512").mkdir(parents=True)
    written = [512, 1024]
    seen: list[int] = []
    lock = sole_user(folder)

    def sleep(seconds: float) -> None:
        """Train on: write a policy, or end."""
        if not written:
            lock.__exit__(None, None, None)
            return
        (folder / "checkpoints" / f"{written.pop(0):012d}").mkdir(exist_ok=True)
        shutil.rmtree(folder / "policy", ignore_errors=True)
        shutil.copytree(run / "policy", folder / "policy", copy_function=shutil.copyfile)

    monkeypatch.setattr(follow.time, "sleep", sleep)
    lock.__enter__()
    for env_steps in policies(folder):
        seen.append(env_steps)
    assert seen == [512, 1024]
    assert list(policies(folder)) == [1024]  # of a run that has ended, the one that is there
    assert list(policies(folder, lambda: True)) == []


def test_a_folder_that_nobody_fills_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="nowhere does not exist; name the folder of a run"):
        next(policies(tmp_path / "nowhere"))
    with pytest.raises(FileError, match="holds no trained policy"):
        next(policies(tmp_path))
