"""Who plays: agent classes, and the slice of the agent axis that each class takes.

Agents are ordered class by class, so a class is one contiguous slice of the agent axis ``N``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

__all__ = ["ActionSpec", "AgentClass", "Roster", "format_team", "parse_team", "parse_teams", "short_team"]


@dataclass(frozen=True)
class ActionSpec:
    """What one agent of a class may do.

    Args:
        kind: ``"discrete"``: an integer in ``[0, size)``; ``"continuous"``: a vector of ``size``
            numbers between ``low`` and ``high``.
        size: number of actions, or of components.
        low: lower bound of every component (continuous only).
        high: upper bound of every component (continuous only).
    """

    kind: Literal["discrete", "continuous"]
    size: int
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True)
class AgentClass:
    """Agents that see the same kind of things and share an actor.

    Args:
        name: the class's name, e.g. ``"A"``.
        feature_size: width ``D_c`` of the feature vector of one agent.
        action: what one agent may do.
    """

    name: str
    feature_size: int
    action: ActionSpec


@dataclass(frozen=True)
class Roster:
    """The agents of a team, class by class.

    Args:
        classes: every declared class, those without agents included.
        counts: number of agents of each class, in the order of ``classes``.

    Raises:
        ValueError: if the two differ in length, a name is no identifier or comes twice, a count is
            negative, or nobody plays.
    """

    classes: tuple[AgentClass, ...]
    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.classes) != len(self.counts):
            raise ValueError(f"{len(self.classes)} classes but {len(self.counts)} counts: give one count a class")
        names = [c.name for c in self.classes]
        unfit = next((name for name in names if not name.isidentifier() or names.count(name) > 1), None)
        if unfit is not None:
            raise ValueError(f"class {unfit!r}: a name is letters, digits and underscores, and is given only once")
        if min(self.counts, default=0) < 0 or sum(self.counts) == 0:
            raise ValueError(f"counts are {self.counts}: none may be negative, and at least one agent must play")

    @property
    def size(self) -> int:
        """Number of agents ``N``."""
        return sum(self.counts)

    @cached_property
    def present(self) -> tuple[AgentClass, ...]:
        """The classes that have at least one agent."""
        return tuple(c for c, count in zip(self.classes, self.counts, strict=True) if count)

    @cached_property
    def slices(self) -> dict[str, slice]:
        """For each class with agents, its slice of the agent axis."""
        slices, start = {}, 0
        for agent_class, count in zip(self.classes, self.counts, strict=True):
            if count:
                slices[agent_class.name] = slice(start, start + count)
            start += count
        return slices

    @cached_property
    def class_indices(self) -> tuple[int, ...]:
        """For each agent, the position of its class in ``classes``."""
        return tuple(i for i, count in enumerate(self.counts) for _ in range(count))

    @property
    def team(self) -> dict[str, int]:
        """Counts by class name, e.g. ``{"A": 2, "B": 2}``."""
        return {c.name: count for c, count in zip(self.classes, self.counts, strict=True)}


def parse_team(text: str) -> dict[str, int]:
    """Reads a composition such as ``"A=2,B=2"``.

    Raises:
        ValueError: if a part is not ``NAME=COUNT`` or a name comes twice.
    """
    team: dict[str, int] = {}
    for part in text.split(","):
        name, count = (side.strip() for side in part.partition("=")[::2])
        if not name or not count.isdecimal():
            raise ValueError(f"team {text!r}: {part.strip()!r} is not NAME=COUNT; write for example A=2,B=2")
        if name in team:
            raise ValueError(f"team {text!r} names class {name!r} twice")
        team[name] = int(count)
    return team


def format_team(team: Mapping[str, int]) -> str:
    """Writes a composition as ``parse_team`` reads it."""
    return ",".join(f"{name}={count}" for name, count in team.items())


def short_team(team: Mapping[str, int]) -> str:
    """Writes a composition as its counts, e.g. ``3+1``."""
    return "+".join(str(count) for count in team.values())


def parse_teams(text: str, classes: Sequence[str]) -> list[dict[str, int]]:
    """Reads several compositions such as ``"1+1,3+1"`` or ``"A=3+B=1,B=2"``.

    Args:
        text: compositions between commas; each has the counts of all classes in their order, or
            counts by name, where a class that is not named has nobody.
        classes: the declared classes.

    Returns:
        For each composition the count of every class, in the order of ``classes``.

    Raises:
        ValueError: if the text does not read so, names an unknown class or one twice, has another
            number of counts, a composition twice, or one in which nobody plays.
    """
    teams: list[dict[str, int]] = []
    for part in (part.strip() for part in text.split(",")):
        team = _parse_composition(part, classes, f"teams {text!r}")
        if not any(team.values()):
            raise ValueError(f"teams {text!r}: in {part!r} nobody plays; give at least one agent")
        if team in teams:
            raise ValueError(f"teams {text!r} has {part!r} twice")
        teams.append(team)
    return teams


def _parse_composition(part: str, classes: Sequence[str], where: str) -> dict[str, int]:
    example = "+".join("1" for _ in classes)
    pieces = [[side.strip() for side in piece.split("=")] for piece in part.split("+")]
    counts = [piece[-1] for piece in pieces]
    widths = {len(piece) for piece in pieces}
    if widths not in ({1}, {2}) or not all(count.isdecimal() for count in counts):
        raise ValueError(f"{where}: {part!r} is not a composition; write for example {example}, or {classes[0]}=1")
    if widths == {1} and len(counts) != len(classes):
        raise ValueError(
            f"{where}: {part!r} has {len(counts)} counts for the {len(classes)} classes {', '.join(classes)}; "
            f"write one a class, for example {example}"
        )
    names = list(classes) if widths == {1} else [piece[0] for piece in pieces]
    wrong = next((name for name in names if name not in classes or names.count(name) > 1), None)
    if wrong is not None:
        what = "twice" if wrong in classes else f"but the classes are {', '.join(classes)}"
        raise ValueError(f"{where}: {part!r} names class {wrong!r}{' ' if wrong in classes else ', '}{what}")
    given = dict(zip(names, counts, strict=True))
    return {name: int(given.get(name, 0)) for name in classes}
