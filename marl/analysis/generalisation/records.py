"""What is played: policies, worlds, and all of it together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from marl.analysis.generalisation.arms import Arm
from marl.analysis.generalisation.plays import Play
from marl.core.composition import short_team

__all__ = ["ArenaChoice", "Contestant", "Plan", "Protocol", "World"]

ArenaChoice = Literal["fixed", "density", "both"]
Kind = Literal["arm", "messages off", "native", "reference"]


@dataclass(frozen=True)
class Protocol:
    """How everything is played.

    Args:
        episodes: of each play.
        seed: of worlds and actions.
        deterministic: whether the likeliest actions are taken.
    """

    episodes: int = 500
    seed: int = 0
    deterministic: bool = False


@dataclass(frozen=True)
class World:
    """A cell: a composition against a prey in an arena.

    Args:
        team: the composition, every declared class in order.
        prey: what the prey is called in tables.
        prey_setting: what the task calls it.
        arena: ``fixed``, or ``density`` where the arena grows with the team.
        arena_size: half-width of the square where episodes begin.
    """

    team: tuple[tuple[str, int], ...]
    prey: str
    prey_setting: str
    arena: str
    arena_size: float

    @property
    def cell(self) -> str:
        """The composition, e.g. ``3+1``."""
        return short_team(dict(self.team))

    @property
    def agents(self) -> int:
        """How many play."""
        return sum(count for _, count in self.team)


@dataclass(frozen=True)
class Contestant:
    """A row of the tables: an arm, the same without messages, natives, or a reference.

    Args:
        name: unique.
        kind: which of these.
        arm: whose runs play; None for a reference.
    """

    name: str
    kind: Kind
    arm: Arm | None = None


@dataclass
class Plan:
    """Everything that is to be played.

    Args:
        contestants: in the order of the tables.
        worlds: in the order of the tables.
        plays: for each contestant's name and world one play a training seed.
        events: as `Environment.events`.
        agent_noun: as `Environment.agent_noun`.
        reference_team: the composition that the first run was trained at; at its size the density
            is that of the ``fixed`` arena.
        described: what else was played, as the task describes it.
        notes: what a reader has to know.
    """

    contestants: list[Contestant]
    worlds: list[World]
    plays: dict[tuple[str, World], list[Play]]
    events: dict[str, str]
    agent_noun: str
    reference_team: dict[str, int]
    described: dict[str, Any]
    notes: list[str] = field(default_factory=list)

    @property
    def reference_size(self) -> int:
        """How many agents the first run was trained with."""
        return sum(self.reference_team.values())

    @property
    def mixed_as_trained(self) -> list[str]:
        """The cells whose classes are in the proportions that the first run was trained at."""
        cells = [
            world.cell
            for world in self.worlds
            if all(n * self.reference_size == self.reference_team[name] * world.agents for name, n in world.team)
        ]
        return list(dict.fromkeys(cells))

    def natives(self, cell: str) -> Contestant | None:
        """The natives of a cell, or None."""
        return next(
            (c for c in self.contestants if c.kind == "native" and c.arm and short_team(c.arm.team) == cell), None
        )
