"""Records of a report on transfer that are over several cells: aggregates, improvements, performance profiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marl.maths.cell_statistics import PerformanceProfile
from marl.maths.intervals import Estimate

__all__ = ["ALL_CELLS", "NATIVES", "UNSEEN_CELLS", "Aggregate", "Improvement", "Profiles"]

ALL_CELLS, UNSEEN_CELLS = "all cells with natives", "those not trained at"
"""Names of the sets of cells that an aggregate is over."""
NATIVES = "natives"
"""Name of the natives of all cells together."""


@dataclass(frozen=True)
class Aggregate:
    """Normalised score of a policy over several cells.

    Args:
        policy: name of the policy.
        prey: prey of the cells; None where there is none to choose.
        arena: arena of the cells; None where there is none.
        over: `ALL_CELLS` or `UNSEEN_CELLS`.
        compositions: compositions of the cells.
        normalised_score: see `marl.maths.cell_statistics.normalised_score`.
    """

    policy: str
    prey: str | None
    arena: str | None
    over: str
    compositions: tuple[str, ...]
    normalised_score: Estimate

    def as_json(self) -> dict[str, Any]:
        """Fields by name, those that are there; the compositions are called ``cells``."""
        there = _there(policy=self.policy, prey=self.prey, arena=self.arena, over=self.over)
        return {**there, "cells": list(self.compositions), "normalised_score": self.normalised_score.as_json()}


@dataclass(frozen=True)
class Improvement:
    """Policy beside another over several cells.

    Args:
        policy: name of the policy.
        other: name of another arm, or `NATIVES`.
        prey: prey of the cells; None where there is none to choose.
        arena: arena of the cells; None where there is none.
        compositions: compositions of the cells.
        probability: see `marl.maths.cell_statistics.probability_of_improvement`.
    """

    policy: str
    other: str
    prey: str | None
    arena: str | None
    compositions: tuple[str, ...]
    probability: Estimate

    def as_json(self) -> dict[str, Any]:
        """Fields by name, those that are there; the compositions are called ``cells``."""
        there = _there(policy=self.policy, other=self.other, prey=self.prey, arena=self.arena)
        probability = {"probability_of_improvement": self.probability.as_json()}
        return {**there, "cells": list(self.compositions), **probability}


@dataclass(frozen=True)
class Profiles:
    """Performance profiles of all policies in the cells with natives, of scores divided by those of the natives.

    Args:
        prey: prey of the cells; None where there is none to choose.
        arena: arena of the cells; None where there is none.
        compositions: compositions of the cells.
        profiles: by policy, all with the same thresholds; natives are one policy.
    """

    prey: str | None
    arena: str | None
    compositions: tuple[str, ...]
    profiles: Mapping[str, PerformanceProfile]

    def as_json(self) -> dict[str, Any]:
        """Fields by name, those that are there; the compositions are called ``cells``, thresholds stand once."""
        place = _there(prey=self.prey, arena=self.arena)
        thresholds = next(iter(self.profiles.values())).thresholds
        told = {name: profile.as_json() for name, profile in self.profiles.items()}
        return {**place, "cells": list(self.compositions), "thresholds": list(thresholds), "policies": told}


def _there(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
