"""Plan of a measurement of transfer: contestants, cells, and the evaluations of each contestant in each cell.

Words: an *arm* is a group of runs that differ in their training seed alone; a *native* is an arm that was trained at
one composition, and the yardstick of the others there; a *cell* is a composition against a prey in an arena.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from marl.analysis.generalisation.arms import Arm
from marl.analysis.generalisation.cell_evaluations import CellEvaluation
from marl.core.composition import short_team

__all__ = ["ArenaChoice", "Cell", "Contestant", "Protocol", "TransferPlan"]

ArenaChoice = Literal["fixed", "density", "both"]
Kind = Literal["arm", "messages off", "native", "reference"]


@dataclass(frozen=True)
class Protocol:
    """Rules by which every contestant plays in every cell.

    Args:
        episodes: number of episodes of each evaluation.
        seed: of worlds and actions.
        deterministic: True to take the most probable actions.
    """

    episodes: int = 500
    seed: int = 0
    deterministic: bool = False


@dataclass(frozen=True)
class Cell:
    """A composition against a prey in an arena.

    Args:
        team: the composition, every declared class in order.
        prey: name of the prey in tables.
        prey_setting: name or folder of the prey, as the task knows it.
        arena: ``fixed``, or ``density`` where the arena grows with the team.
        arena_size: half-width of the square where episodes begin.
    """

    team: tuple[tuple[str, int], ...]
    prey: str
    prey_setting: str
    arena: str
    arena_size: float

    @property
    def composition(self) -> str:
        """Counts by class, e.g. ``3+1``."""
        return short_team(dict(self.team))

    @property
    def agents(self) -> int:
        """Size of the team."""
        return sum(count for _, count in self.team)


@dataclass(frozen=True)
class Contestant:
    """A row of the tables: an arm, the same without messages, natives, or a reference.

    Args:
        name: unique.
        kind: one of these four.
        arm: runs that play; None for a reference.
    """

    name: str
    kind: Kind
    arm: Arm | None = None


@dataclass
class TransferPlan:
    """Contestants and cells of a measurement of transfer, and the evaluations of each pair.

    Args:
        contestants: in the order of the tables.
        cells: in the order of the tables.
        evaluations: one for each training seed, by the contestant's name and the cell.
        events: as `Environment.events`.
        agent_noun: as `Environment.agent_noun`.
        reference_team: composition of the first run's training; at its size the density
            is that of the ``fixed`` arena.
        described: other settings of the environment, as the task describes them.
        notes: qualifications of the numbers, for the reader.
    """

    contestants: list[Contestant]
    cells: list[Cell]
    evaluations: dict[tuple[str, Cell], list[CellEvaluation]]
    events: dict[str, str]
    agent_noun: str
    reference_team: dict[str, int]
    described: dict[str, Any]
    notes: list[str] = field(default_factory=list)

    @property
    def reference_size(self) -> int:
        """Size of the first run's team in training."""
        return sum(self.reference_team.values())

    @property
    def mixed_as_trained(self) -> list[str]:
        """Compositions whose classes have the proportions of the first run's training."""
        compositions = [
            cell.composition
            for cell in self.cells
            if all(n * self.reference_size == self.reference_team[name] * cell.agents for name, n in cell.team)
        ]
        return list(dict.fromkeys(compositions))

    def natives(self, composition: str) -> Contestant | None:
        """Natives of a composition, or None."""
        natives = (c for c in self.contestants if c.kind == "native")
        return next((c for c in natives if c.arm and short_team(c.arm.team) == composition), None)
