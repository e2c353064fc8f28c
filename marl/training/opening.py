"""Opening of a run's folder: its lock, and what a dead process left there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path, PurePath
from typing import Any

from marl.system.lock import sole_user
from marl.training.run import Run, build_run
from marl.training.run_config import RunConfig

__all__ = ["clear_leftovers", "open_run"]

WRITTEN = (
    *("config.yaml", "metrics.jsonl", "scores.csv", "scores.png", "score.json", "policy/policy.safetensors"),
    *("system.json", "best_policy/policy.safetensors", "checkpoints/*/evaluation.safetensors", "history/*.safetensors"),
    *("report.json", "episode.gif", "crosstable.json", "crosstable.png"),
)
"""Files that a training writes by `atomic_path`, in the folder of a run or of an alternation."""

UNIQUE = "[0-9a-f]" * 8
"""Part of a temporary name that `atomic_path` draws."""


@contextmanager
def open_run(config: RunConfig[Any], folder: Path, resume: bool = False) -> Iterator[Run]:
    """Build a run in its folder, which is locked until the block ends.

    Args:
        config, folder, resume: see `build_run`.

    Yields:
        The run.

    Raises:
        ConfigError: if another command trains there; see also `build_run`.
        FileError: see `build_run`.
    """
    usable = folder.is_dir() if resume else not folder.is_file()  # else there is nothing to lock, and it is refused
    with sole_user(folder) if usable else nullcontext():
        if usable:
            clear_leftovers(folder)
        yield build_run(config, folder, resume)


def clear_leftovers(folder: Path) -> None:
    """Remove temporary files of a process that died while it wrote.

    Args:
        folder: of a run or an alternation; locked, so that they are nobody's.
    """
    for name in map(PurePath, WRITTEN):
        for left in folder.glob(str(name.with_name(f".{name.stem}.{UNIQUE}{name.suffix}"))):
            with suppress(OSError):  # in a folder that cannot be written, training says so
                left.unlink()
    for left in (folder / "checkpoints").glob(".writing-*"):
        shutil.rmtree(left, ignore_errors=True)
