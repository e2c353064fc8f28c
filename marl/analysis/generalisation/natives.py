"""Natives: trained runs found in a folder, by the one size of the team that each was trained at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from marl.analysis.generalisation.arms import Arm, TrainedRun, differing, read_trained_run
from marl.analysis.generalisation.records import Sizes
from marl.analysis.run_folders import run_folders
from marl.analysis.seed_groups import group_seeds
from marl.core.errors import ConfigError
from marl.core.wording import argument

__all__ = ["natives_of"]


def natives_of(folder: Path, sizes: Sizes) -> tuple[dict[str, Arm], list[str]]:
    """Find the runs in a folder and below, grouped by the one size that each was trained at.

    Args:
        folder: searched for run folders.
        sizes: sizes of the team; runs without a home among such are left out.

    Returns:
        Arms by the name of the size, and notes about the runs left out.

    Raises:
        ConfigError: if nothing is found, or runs at one size differ in more than the seed.
    """
    paths = run_folders(folder)
    runs = [read_trained_run(path) for path in paths if (path / "policy").is_dir()]
    by_size: dict[str, list[TrainedRun]] = {}
    for run in runs:
        if (home := sizes.home(run)) is not None:
            by_size.setdefault(home, []).append(run)
    if not by_size:
        raise ConfigError(
            f"natives {folder}: no run trained at {sizes.native} is in this folder or below; "
            f"train some, or leave {argument('natives')} out"
        )
    notes = []
    if len(runs) < len(paths):
        without = ", ".join(str(path) for path in paths if not (path / "policy").is_dir())
        notes.append(f"Natives without a policy are left out: {without}.")
    fitting = sum(map(len, by_size.values()))
    if fitting < len(runs):
        notes.append(f"{len(runs) - fitting} of {len(runs)} runs in {folder} are no natives: {sizes.unfit}.")
    ordered = sorted(by_size.items(), key=lambda item: (sum(item[1][0].team.values()), item[0]))
    return {size: _one_kind(size, group) for size, group in ordered}, notes


def _one_kind(size: str, runs: Sequence[TrainedRun]) -> Arm:
    first, *others = group_seeds(runs)
    if others:
        fields = "; ".join(differing(first[0], others[0][0]))
        raise ConfigError(
            f"natives of {size}: {first[0].folder} and {others[0][0].folder} differ in more than the seed ({fields}); "
            "keep natives of one kind in a folder"
        )
    return Arm(f"native {size}", tuple(first))
