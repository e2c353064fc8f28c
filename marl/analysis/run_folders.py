"""Folders of runs, found in and below a folder."""

from __future__ import annotations

import os
from pathlib import Path

from marl.core.errors import FileError

__all__ = ["run_folders"]

MOST_FOLDERS = 20_000
"""Folders that are searched, within a second or two."""
PARTS = frozenset({"best_policy", "checkpoints", "policy", "tensorboard", "wandb"})
"""Folders of a run, in which no other run is."""


def run_folders(folder: Path) -> list[Path]:
    """Find all folders with a ``config.yaml`` in a folder and below, sorted; links are not followed.

    Raises:
        FileError: if there are too many folders to search.
    """
    found: list[Path] = []
    for number, (place, inner, files) in enumerate(os.walk(folder)):
        if number >= MOST_FOLDERS:
            raise FileError(
                f"{folder} has more than {MOST_FOLDERS:,} folders below; name one that is closer to the runs"
            )
        if "config.yaml" in files:
            found.append(Path(place))
            inner[:] = [name for name in inner if name not in PARTS]
    return sorted(found)
