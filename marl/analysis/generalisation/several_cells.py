"""Measures of a transfer over several cells: normalised scores, probability of improvement, performance profiles.

Axes: ``S`` training seeds, ``E`` episodes, ``G`` thresholds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from marl.analysis.generalisation.over_cells import ALL_CELLS, NATIVES, UNSEEN_CELLS, Aggregate, Improvement, Profiles
from marl.analysis.generalisation.records import Cell, Contestant, TransferPlan
from marl.maths.cell_statistics import CellScores, normalised_score, performance_profile, probability_of_improvement
from marl.maths.seed_statistics import interquartile_mean

__all__ = ["Scores", "aggregates", "improvements", "profiles"]

Scores = Mapping[tuple[str, Cell], NDArray[np.float64]]
"""Score of each episode of each seed ``[S, E]``, by the contestant's name and the cell."""

STEPS = 100
"""Number of steps between the thresholds of a profile."""


def aggregates(plan: TransferPlan, scores: Scores) -> tuple[Aggregate, ...]:
    """Normalised scores of each arm over all cells with natives, and over those that were not seen in training."""
    found = []
    for contestant in _of_kind(plan, "arm", "messages off"):
        for group, cells in _groups(plan).items():
            with_natives = [cell for cell in cells if plan.natives(cell.composition) is not None]
            unseen = [cell for cell in with_natives if not plan.seen(contestant, cell)]
            for over, chosen in ((ALL_CELLS, with_natives), (UNSEEN_CELLS, unseen)):
                if chosen:
                    frozen = [scores[contestant.name, cell] for cell in chosen]
                    value = normalised_score(frozen, [_native(plan, scores, cell) for cell in chosen])
                    found.append(Aggregate(contestant.name, *group, over, _names(chosen), value))
    return tuple(found)


def improvements(plan: TransferPlan, scores: Scores) -> tuple[Improvement, ...]:
    """Probability of improvement of each arm on each later one over all cells, and on natives where there are any."""
    arms, found = _of_kind(plan, "arm"), []
    for group, cells in _groups(plan).items():
        for one, other in combinations(arms, 2):
            first, second = (_means([scores[arm.name, cell] for cell in cells], True) for arm in (one, other))
            better = probability_of_improvement(first, second)
            found.append(Improvement(one.name, other.name, *group, _names(cells), better))
        chosen = [cell for cell in cells if plan.natives(cell.composition) is not None]
        for arm in arms if chosen else ():
            natives = _means([_native(plan, scores, cell) for cell in chosen], False)
            better = probability_of_improvement(_means([scores[arm.name, c] for c in chosen], True), natives)
            found.append(Improvement(arm.name, NATIVES, *group, _names(chosen), better))
    return tuple(found)


def profiles(plan: TransferPlan, scores: Scores) -> tuple[Profiles, ...]:
    """Profiles of scores divided by the interquartile mean of the natives of each cell, which is taken as given.

    Cells without natives, and those whose natives score zero or below, are left out.
    """
    return tuple(_profiles(plan, scores, *group) for group in _comparable(plan, scores))


def _comparable(
    plan: TransferPlan, scores: Scores
) -> Iterator[tuple[tuple[str | None, str | None], dict[Cell, float]]]:
    """Cells of each prey and arena with the scores of their natives."""
    for group, cells in _groups(plan).items():
        chosen = [cell for cell in cells if plan.natives(cell.composition) is not None]
        natives = {cell: float(interquartile_mean(_native(plan, scores, cell).mean(-1))) for cell in chosen}
        positive = {cell: value for cell, value in natives.items() if value > 0}
        if positive:
            yield group, positive


def _profiles(
    plan: TransferPlan, scores: Scores, group: tuple[str | None, str | None], natives: Mapping[Cell, float]
) -> Profiles:
    normalised = {
        contestant.name: CellScores([scores[contestant.name, c].mean(-1) / natives[c] for c in natives], joint=True)
        for contestant in _of_kind(plan, "arm", "messages off", "reference")
    }
    normalised[NATIVES] = CellScores([_native(plan, scores, c).mean(-1) / natives[c] for c in natives])
    highest = max(float(cell.max()) for each in normalised.values() for cell in each.cells)
    thresholds = np.linspace(0, math.ceil(10 * highest) / 10, STEPS + 1).tolist()
    found = {name: performance_profile(each, thresholds) for name, each in normalised.items()}
    return Profiles(*group, _names(list(natives)), found)


def _of_kind(plan: TransferPlan, *kinds: str) -> list[Contestant]:
    return [contestant for contestant in plan.contestants if contestant.kind in kinds]


def _groups(plan: TransferPlan) -> dict[tuple[str | None, str | None], list[Cell]]:
    """Cells of each prey and arena."""
    groups: dict[tuple[str | None, str | None], list[Cell]] = {}
    for cell in plan.cells:
        groups.setdefault((cell.prey, cell.arena), []).append(cell)
    return groups


def _native(plan: TransferPlan, scores: Scores, cell: Cell) -> NDArray[np.float64]:
    """Scores of the natives of a cell that has some, ``[S, E]``."""
    native = plan.natives(cell.composition)
    assert native is not None
    return scores[native.name, cell]


def _means(cells: list[NDArray[np.float64]], joint: bool) -> CellScores:
    return CellScores([cell.mean(-1) for cell in cells], joint)


def _names(cells: list[Cell]) -> tuple[str, ...]:
    return tuple(cell.composition for cell in cells)
