"""Sights: kinds of things that a class can see. Nothing here imports PyTorch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from marl.core.limits import MOST_AGENTS, MOST_CLASSES

__all__ = ["SIGHTS", "Frame", "Sight", "check_classes", "read_sight"]

SIGHTS = ("landmarks", "prey", "predators", "teammates")
RADIUS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,9})?", re.ASCII)


@dataclass(frozen=True)
class Sight:
    """One kind of thing that a class sees.

    Args:
        name: one of `SIGHTS`.
        count: number of nearest ones that are seen; None for all in the world.
        radius: largest distance at which one is seen; None for any.
    """

    name: str
    count: int | None = None
    radius: float | None = None

    def layout(self, number: int) -> tuple[int, ...]:
        """Layout of its features among ``number`` such things: 2 for a vector of the plane, 1 for another number."""
        vectors = (2,) if self.name == "landmarks" else (2, 2)
        return vectors * number if self.count is None else (*vectors, 1) * self.count


def read_sight(text: str) -> Sight:
    """Parse a sight, ``NAME``, ``NAME:COUNT`` or ``NAME:COUNT@RADIUS``.

    Raises:
        ValueError: for an unknown name, a count that is not an integer from 1 to 4,096, or a radius that is not a
            number above 0.
    """
    counted, at, radius = text.partition("@")
    name, colon, number = counted.partition(":")
    if name not in SIGHTS:
        raise ValueError(f"{text!r}; what can be seen is {', '.join(SIGHTS)}")
    if not colon and not at:
        return Sight(name)
    if not (number.isdecimal() and len(number) < 10 and 0 < int(number) <= MOST_AGENTS):
        within = f", or {name}:4@0.8 for those of them that are within 0.8" if at else ""
        raise ValueError(f"{text!r}; write {name} for all, or {name}:4 for the nearest four{within}")
    if not at:
        return Sight(name, int(number))
    if not RADIUS.fullmatch(radius) or float(radius) == 0:
        raise ValueError(f"{text!r}; write a distance above 0 after the @, e.g. {name}:{number}@0.8")
    return Sight(name, int(number), float(radius))


Frame = Literal["absolute", "relative"]


def check_classes(classes: Mapping[str, Sequence[str]], team: Mapping[str, int]) -> None:
    """Refuse classes and teams that cannot play.

    Raises:
        ValueError: for no classes, a class without sights, with an unknown one or the same one twice, a team with an
            undeclared class, a negative count, no agents, or more than 4,096; for more than 256 classes.
    """
    if not classes:
        raise ValueError("no class is declared; declare at least one, e.g. {'A': ('landmarks',)}")
    if len(classes) > MOST_CLASSES:
        raise ValueError(f"{len(classes):,} classes are declared; declare at most {MOST_CLASSES}")
    for name, sights in classes.items():
        if not sights:
            raise ValueError(f"class {name!r} sees nothing; give it at least one of {', '.join(SIGHTS)}")
        try:
            kinds = {read_sight(sight).name for sight in sights}
        except ValueError as error:
            raise ValueError(f"class {name!r} sees {error}") from error
        if len(kinds) < len(sights):
            raise ValueError(f"class {name!r} sees {tuple(sights)}: name each only once")
    for name, count in team.items():
        if name not in classes:
            raise ValueError(f"team names class {name!r}, which is not declared; declared are {', '.join(classes)}")
        if count < 0:
            raise ValueError(f"team has {count} agents of class {name!r}; give zero or more")
    if sum(team.values()) > MOST_AGENTS:
        raise ValueError(f"team {dict(team)} has {sum(team.values()):,} agents; give at most {MOST_AGENTS:,}")
    if sum(team.values()) == 0:
        raise ValueError(f"team {dict(team)} has no predators; give at least one, e.g. {next(iter(classes))}=1")
