"""Compositions of a team as text, such as ``A=2,B=2`` or ``3+1``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from marl.core.limits import MOST_AGENTS

__all__ = ["format_team", "parse_team", "parse_teams", "short_team"]

COUNTS = re.compile(r"\s*[0-9]+(\s*\+\s*[0-9]+)*\s*")


def parse_team(text: str, classes: Sequence[str] = ()) -> dict[str, int]:
    """Read a composition such as ``"A=3,B=1"``, ``"A=3+B=1"`` or ``"3+1"``.

    Args:
        text: counts by name, or of all classes in their order.
        classes: the declared classes; without them counts need names.

    Raises:
        ValueError: if a part is not ``NAME=COUNT``, a name comes twice, the number of counts is wrong, or there are
            more than 4,096 agents.
    """
    if classes and COUNTS.fullmatch(text):
        return _parse_composition(text.strip(), classes, f"team {text!r}")
    team: dict[str, int] = {}
    for part in text.replace("+", ",").split(","):
        name, count = (side.strip() for side in part.partition("=")[::2])
        if not name or not count.isdecimal():
            raise ValueError(f"team {text!r}: {part.strip()!r} is not NAME=COUNT; write for example A=2,B=2, or 2+2")
        if name in team:
            raise ValueError(f"team {text!r} names class {name!r} twice")
        team[name] = _number(count, f"team {text!r}")
    return team


def format_team(team: Mapping[str, int]) -> str:
    """Write a composition as `parse_team` reads it."""
    return ",".join(f"{name}={count}" for name, count in team.items())


def short_team(team: Mapping[str, int]) -> str:
    """Write a composition as its counts, e.g. ``3+1``."""
    return "+".join(str(count) for count in team.values())


def parse_teams(text: str, classes: Sequence[str]) -> list[dict[str, int]]:
    """Read several compositions such as ``"1+1,3+1"`` or ``"A=3+B=1,B=2"``.

    Args:
        text: compositions between commas; each has the counts of all classes in their order, or
            counts by name, where a class that is not named has no agents.
        classes: the declared classes.

    Returns:
        For each composition the count of every class, in the order of ``classes``.

    Raises:
        ValueError: if a part cannot be read, a class is unknown or named twice, the number of counts is
            wrong, a composition comes twice, or one has no agents at all, or more than 4,096 of a class.
    """
    teams: dict[tuple[int, ...], dict[str, int]] = {}
    for part in (part.strip() for part in text.split(",")):
        team = _parse_composition(part, classes, f"teams {text!r}")
        if not any(team.values()):
            raise ValueError(f"teams {text!r}: in {part!r} nobody plays; give at least one agent")
        if tuple(team.values()) in teams:
            raise ValueError(f"teams {text!r} has {part!r} twice")
        teams[tuple(team.values())] = team
    return list(teams.values())


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
    return {name: _number(given.get(name, "0"), where) for name in classes}


def _number(count: str, where: str) -> int:
    """Number of agents, of any number of digits."""
    number = int(count) if len(count) < 10 else MOST_AGENTS + 1
    if number > MOST_AGENTS:
        raise ValueError(f"{where}: {count} agents of a class; a team has at most {MOST_AGENTS:,}")
    return number
