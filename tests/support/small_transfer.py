"""A measurement of transfer in two cells, small enough to be checked by hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from marl.analysis.generalisation.arms import Arm
from marl.analysis.generalisation.measures import transfer_report
from marl.analysis.generalisation.records import Cell, Contestant, Protocol, TransferPlan
from marl.analysis.generalisation.sizes import Compositions
from marl.analysis.generalisation.transfer_report import GeneralisationReport
from marl.evaluation.episodes import EpisodeTable

__all__ = ["LARGE", "SMALL", "Run", "plan", "small_report", "table"]

NAN = float("nan")


def table(*contacts: float) -> EpisodeTable:
    """Episodes with so many contacts, the first of them at step 10 times their number."""
    counts = np.array(contacts)
    return EpisodeTable(
        np.full(len(counts), 50.0), -counts, {"contacts": counts}, {"contacts": np.where(counts > 0, 10 * counts, NAN)}
    )


@dataclass(frozen=True)
class Run:
    """What is read of a run: it was trained at one composition."""

    team: dict[str, int]
    folder: Path = Path("x")

    @property
    def environment(self) -> dict[str, Any]:
        return {"team": self.team, "training_teams": [self.team]}

    def trained_at(self, team: dict[str, int]) -> bool:
        return team == self.team

    def describe(self) -> dict[str, Any]:
        return {"run": str(self.folder)}


def cell(a: int, b: int) -> Cell:
    return Cell(f"{a}+{b}", (("A", a), ("B", b)), {}, "still", "still", "fixed", 1.0)


SMALL, LARGE = cell(1, 1), cell(3, 1)
TABLES = {
    ("x", SMALL): [table(0, 0), table(2, 2)],
    ("x", LARGE): [table(2, 4), table(5, 7)],
    ("native 3+1", SMALL): [table(1, 1), table(1, 1)],
    ("native 3+1", LARGE): [table(4, 4), table(16, 16)],
    ("chase", SMALL): [table(1, 3)],
    ("chase", LARGE): [table(20, 0)],
}


def plan(**changed: Any) -> TransferPlan:
    """An arm of 1+1 with two seeds, two natives of 3+1, and a reference, in both cells; natives of 1+1 are none."""
    small: Any = Run(dict(SMALL.team))
    large: Any = Run(dict(LARGE.team))
    contestants = [
        Contestant("x", "arm", Arm("x", (small, small))),
        Contestant("native 3+1", "native", Arm("native 3+1", (large, large))),
        Contestant("chase", "reference"),
    ]
    values: dict[str, Any] = {
        "contestants": contestants,
        "cells": [SMALL, LARGE],
        "sizes": Compositions([], ["A", "B"], 1.0),
        "evaluations": TABLES,
        "events": {"contacts": "contact"},
        "agent_noun": "predator",
        "reference_team": {"A": 1, "B": 1},
        "described": {"max_cycles": 50},
        "notes": ["a note"],
    }
    return TransferPlan(**(values | changed))


def small_report() -> GeneralisationReport:
    """Report of the plan."""
    return transfer_report(plan(), lambda evaluation: evaluation, Protocol(2, 7))  # type: ignore[arg-type, return-value]
