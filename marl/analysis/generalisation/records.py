"""Plan of a measurement of transfer: contestants, cells, and the evaluations of each contestant in each cell.

Words: an *arm* is a group of runs that differ in their training seed alone; a *native* is an arm that was trained at
one composition, and the yardstick of the others there; a *cell* is a composition against a prey in an arena, or the
value of an argument of an environment without those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from typing import Protocol as Interface

from marl.analysis.generalisation.arms import Arm, TrainedRun
from marl.analysis.generalisation.cell_evaluations import CellEvaluation

__all__ = ["ArenaChoice", "Cell", "Contestant", "Protocol", "Sizes", "TransferPlan"]

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
    """A size of the team, against a prey in an arena where there are such.

    Args:
        composition: name of the size in tables: counts by class, e.g. ``3+1``, or a value, e.g. ``n_pistons=5``.
        team: number of agents of every declared class, in order.
        overrides: settings of the environment that make the cell, as `environment_config` takes them.
        prey: name of the prey in tables; None where there is none to choose.
        prey_setting: name or folder of the prey, as the task knows it.
        arena: ``fixed``, or ``density`` where the arena grows with the team; None where there is none.
        arena_size: half-width of the square where episodes begin.
    """

    composition: str
    team: tuple[tuple[str, int], ...] = field(compare=False)
    overrides: Mapping[str, Any] = field(compare=False)
    prey: str | None = None
    prey_setting: str | None = None
    arena: str | None = None
    arena_size: float | None = None

    @property
    def title(self) -> str:
        """Name in errors."""
        return self.composition if self.prey is None else f"team {self.composition} against prey {self.prey}"

    @property
    def agents(self) -> int:
        """Size of the team."""
        return sum(count for _, count in self.team)


class Sizes(Interface):
    """Sizes of a team to measure a transfer over."""

    @property
    def cells(self) -> list[Cell]:
        """Cells in the order of the tables; teams that only the environment knows are empty."""
        ...

    @property
    def argument(self) -> str | None:
        """Argument of the environment that makes a size; None for compositions."""
        ...

    @property
    def settings(self) -> tuple[str, ...]:
        """Dotted settings of a run in which natives differ from an arm by definition."""
        ...

    @property
    def hint(self) -> str:
        """Advice where the environment refuses a cell."""
        ...

    @property
    def native(self) -> str:
        """Training of a native, in words."""
        ...

    @property
    def unfit(self) -> str:
        """Reasons why a run is no native, in words."""
        ...

    def home(self, run: TrainedRun) -> str | None:
        """Name of the one size that a run was trained at; None for several, and for no fit as a native."""
        ...

    def seen(self, run: TrainedRun, cell: Cell) -> bool:
        """True if a run was trained at the size of a cell, among others or alone."""
        ...

    def training_of(self, sizes: Sequence[str], seeds: int) -> str:
        """Command that trains natives of some sizes, with their folder ``FOLDER``."""
        ...


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
        sizes: sizes of the team that the cells have.
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
    sizes: Sizes
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
        return next((c for c in natives if c.name == f"native {composition}"), None)

    def seen(self, contestant: Contestant, cell: Cell) -> bool:
        """True if a contestant was trained at this composition."""
        return contestant.arm is not None and self.sizes.seen(contestant.arm.runs[0], cell)
