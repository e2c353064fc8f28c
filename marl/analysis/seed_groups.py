"""Groups of runs that differ in their training seed alone, by their settings, and names for them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from marl.core.errors import ConfigError
from marl.maths.seed_statistics import range_coverage

__all__ = [
    "NOT_LEARNT",
    "SeedRun",
    "few_seeds_note",
    "group_seeds",
    "shared_name",
    "unique_name",
    "without_seed",
]

NOT_LEARNT = frozenset(
    {
        "seed",
        "device",
        "threads",
        "log_interval",
        "checkpoint_interval",
        "keep_checkpoints",
        "evaluation_interval",
        "evaluation_episodes",
        "score_log",
    }
)
"""Settings of a run that do not decide its kind of training."""


class SeedRun(Protocol):
    """Run with the attributes that decide its group."""

    @property
    def folder(self) -> Path:
        """Folder as it was named."""
        ...

    @property
    def config(self) -> dict[str, Any] | None:
        """Complete content of its ``config.yaml``; None if unknown."""
        ...


R = TypeVar("R", bound=SeedRun)


def without_seed(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that decide the kind of training, the seed left out."""
    return {name: value for name, value in config.items() if name not in NOT_LEARNT}


def group_seeds(runs: Sequence[R]) -> list[list[R]]:
    """Group runs that differ in the training seed only, in order of their first run; those of unknown settings alone.

    Raises:
        ConfigError: if a run comes twice.
    """
    groups: dict[str, list[R]] = {}
    for run in runs:
        kind = None if run.config is None else json.dumps(without_seed(run.config), sort_keys=True)
        key = str(run.folder.resolve()) if kind is None else kind
        group = groups.setdefault(key, [])
        twin = next((other for other in group if _seed(other) == _seed(run)), None)
        if twin is not None:
            raise ConfigError(
                f"{twin.folder} and {run.folder} are the same training with the same seed; give each seed once"
            )
        group.append(run)
    return list(groups.values())


def few_seeds_note(numbers: Iterable[int]) -> str | None:
    """Sentence on how often intervals over few seeds hold the median of all; None if there are ten seeds or just one.

    Args:
        numbers: numbers of seeds of the groups.
    """
    few = sorted({number for number in numbers if 1 < number < 10})
    if not few:
        return None
    covered = ", ".join(f"{100 * range_coverage(number):.3g} % with {number}" for number in few)
    return (
        "Few seeds: a percentile interval over seeds stays within the lowest and the highest of them, a range "
        f"that holds the median of all seeds in {covered}; so these intervals are narrower than 95 % needs."
    )


def shared_name(runs: Sequence[SeedRun]) -> str | None:
    """Common part of the folders' names without the seed's number, else their one parent's name, else None."""
    folders = [run.folder.resolve() for run in runs]
    homes = [folder.parent if folder.name == "policy" else folder for folder in folders]
    names, parents = [home.name for home in homes], {home.parent.name for home in homes}
    if len(names) == 1:
        return names[0] if _cut(names[0]) else f"{homes[0].parent.name}/{names[0]}"
    common = _cut(os.path.commonprefix(names))  # noqa: RUF071  (letters, not folders)
    return common or (parents.pop() if len(parents) == 1 else None)


def unique_name(name: str, taken: Sequence[str]) -> str:
    """Name with a number added if it is taken."""
    candidates = [name, *(f"{name} ({number})" for number in range(2, len(taken) + 3))]
    return next(candidate for candidate in candidates if candidate not in taken)


def _seed(run: SeedRun) -> int | None:
    return None if run.config is None else run.config["seed"]


def _cut(name: str) -> str:
    return re.sub(r"[-_. ]*(seed)?[-_=.]?\d*$", "", name)
