"""Teams that training episodes draw from, as settings name them. Nothing here imports PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

from pydantic import ValidationInfo

from marl.core.composition import parse_team
from marl.core.limits import MOST_TEAMS, Count

__all__ = ["Teams", "read_teams", "teams_of"]

Teams = dict[str, tuple[Count, Count]] | tuple[dict[str, Count], ...]
"""Teams to draw from: bounds of the number of agents of each class, or a list of teams."""


def read_teams(value: Any, info: ValidationInfo) -> Any:
    """Teams of a list, those given as text read by the classes that were validated before."""
    if not isinstance(value, list | tuple):
        return value
    classes = tuple(info.data.get("classes", ()))
    return tuple(parse_team(team, classes) if isinstance(team, str) else team for team in value)


def teams_of(named: Mapping[str, tuple[int, int]] | Sequence[Mapping[str, int]]) -> list[dict[str, int]]:
    """List the teams that training_teams stands for: those of a list, or all within bounds for each class.

    Raises:
        ValueError: for a negative bound, bounds in the wrong order, or more than 20,000 teams.
    """
    if not isinstance(named, Mapping):
        return [dict(team) for team in named]
    wrong = {name: bounds for name, bounds in named.items() if not 0 <= bounds[0] <= bounds[1]}
    if wrong:
        raise ValueError(f"training_teams has {wrong}; give two numbers of at least 0, the smaller first")
    counts = [range(low, high + 1) for low, high in named.values()]
    number = prod(map(len, counts))
    if number > MOST_TEAMS:
        raise ValueError(f"training_teams has {dict(named)}, which are {number:,} teams; give at most {MOST_TEAMS:,}")
    teams = [dict(zip(named, numbers, strict=True)) for numbers in product(*counts)]
    return [team for team in teams if sum(team.values())]
