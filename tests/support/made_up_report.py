"""A report on transfer with numbers made up."""

from __future__ import annotations

from typing import Any

from marl.analysis.generalisation.over_cells import ALL_CELLS, NATIVES, Aggregate, Improvement, Profiles
from marl.analysis.generalisation.records import Protocol
from marl.analysis.generalisation.setting import Setting
from marl.analysis.generalisation.transfer_report import (
    Comparison,
    GeneralisationReport,
    Measure,
    Place,
    ReportedPolicy,
    Result,
    Training,
)
from marl.maths.cell_statistics import PerformanceProfile
from marl.maths.intervals import Estimate, Over

__all__ = ["made_up"]


def estimate(value: float | None, low: float, high: float, over: Over = "seeds", **counts: int) -> Estimate:
    return Estimate(value, (low, high), over, counts=counts)


def result(policy: str, kind: Any, prey: str, cell: str, value: float) -> Result:
    agents = sum(int(count) for count in cell.split("+"))
    over: Over = "episodes" if kind == "reference" else "seeds"
    estimates = {
        "contacts_per_episode": estimate(value, value - 1, value + 1, over, seeds=3),
        "contacts_per_predator": estimate(value / agents, 0.0, value, over, seeds=3),
        "first_contact_step": Estimate(None, None, over),
    }
    place = Place(policy, kind, prey, "fixed", 1.0, cell, agents)
    return Result(place, cell, {name: Measure(each, each.value, (each.value,)) for name, each in estimates.items()})


def made_up(preys: tuple[str, ...] = ("flee", "random")) -> GeneralisationReport:
    """Arm, its silent twin, natives of 4+4 and chase in three cells; scores count up in steps of one."""
    cells = {"4+4": {"A": 4, "B": 4}, "1+1": {"A": 1, "B": 1}, "3+1": {"A": 3, "B": 1}}
    policies: dict[str, Any] = {
        "team": "arm",
        "team, messages off": "messages off",
        "native 4+4": "native",
        "chase": "reference",
    }
    results = [
        result(policy, kind, prey, cell, 10.0 * i + 3 * j + k)
        for i, prey in enumerate(preys)
        for j, cell in enumerate(cells)
        for k, (policy, kind) in enumerate(policies.items())
    ]
    compared = [
        Comparison(
            row.place,
            "native 4+4",
            False,
            estimate(0.5, 0.4, 0.6, seeds=3),
            estimate(0.25, 0.1, 0.6) if row.place.kind == "arm" else None,
        )
        for row in results
        if row.place.composition == "4+4" and row.place.kind != "native"
    ]
    seen = {"team": ("1+1",), "native 4+4": ("4+4",)}
    trained = {name: Training({"A": 1, "B": 1}, None, seen.get(name, ()), ({},) * 3) for name in policies}
    described = [
        ReportedPolicy(name, kind, None if kind == "reference" else trained[name]) for name, kind in policies.items()
    ]
    setting = Setting(
        protocol=Protocol(),
        described={"max_cycles": 100},
        measures=("contacts_per_episode", "contacts_per_predator", "first_contact_step"),
        agent_noun="predator",
        compositions=cells,
        prey={name: name for name in preys},
        arena_size={f"fixed {cell}": 1.0 for cell in cells},
        mixed_as_trained=("4+4", "1+1"),
        reference_size=2,
        versions={},
    )
    places = [(prey, "fixed") for prey in preys]
    whole = [Aggregate("team", *place, ALL_CELLS, ("4+4",), estimate(0.5, 0.4, 0.6, seeds=3)) for place in places]
    better = [Improvement("team", NATIVES, *place, ("4+4",), estimate(0.25, 0.1, 0.6)) for place in places]
    steps, flat = (0.0, 0.5, 1.0), PerformanceProfile((0.0, 0.5, 1.0), (1.0, 0.5, 0.0), None, None)
    sure = PerformanceProfile(steps, (1.0, 0.75, 0.25), (1.0, 0.5, 0.0), (1.0, 1.0, 0.5))
    shares = [Profiles(*place, ("4+4",), {"team": sure, NATIVES: sure, "chase": flat}) for place in places]
    rows = tuple(described), tuple(results), tuple(compared), tuple(whole)
    return GeneralisationReport(setting, *rows, improvements=tuple(better), profiles=tuple(shares))
