"""Report on transfer, as records: protocol, policies, results, comparisons with natives, aggregates.

Words: a *result* has the measures of one policy in one cell; a *comparison* sets it beside the natives of the cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from marl.analysis.generalisation.over_cells import Aggregate, Improvement, Profiles
from marl.analysis.generalisation.records import Kind
from marl.analysis.generalisation.setting import Setting
from marl.maths.intervals import Estimate

__all__ = [
    "Comparison",
    "GeneralisationReport",
    "Measure",
    "Place",
    "ReportedPolicy",
    "Result",
    "Training",
]


@dataclass(frozen=True)
class Training:
    """Training of a reported policy.

    Args:
        team: composition that its runs were trained at, or made for.
        training_teams: compositions that training drew from, as in the environment's settings; None if not set.
        seen: compositions of the report that were seen in training.
        runs: one for each training seed, as `TrainedRun.describe` has them.
    """

    team: Mapping[str, int]
    training_teams: Any
    seen: tuple[str, ...]
    runs: tuple[Mapping[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        """Fields, under the names of ``report.json``."""
        return {
            "trained_team": dict(self.team),
            "training_teams": self.training_teams,
            "cells_seen_in_training": list(self.seen),
            "runs": [dict(run) for run in self.runs],
        }


@dataclass(frozen=True)
class ReportedPolicy:
    """A row of the tables.

    Args:
        name: unique.
        kind: arm, arm without messages, native, or reference.
        training: training of its runs; None for a reference.
    """

    name: str
    kind: Kind
    training: Training | None = None

    @property
    def seeds(self) -> int:
        """Number of training seeds, 0 for a reference."""
        return 0 if self.training is None else len(self.training.runs)

    def as_json(self) -> dict[str, Any]:
        """Name, kind, and the training if there was one."""
        return {"name": self.name, "kind": self.kind, **({} if self.training is None else self.training.as_json())}


@dataclass(frozen=True)
class Place:
    """A policy in a cell.

    Args:
        policy: name of the policy.
        kind: kind of the policy.
        prey: name of the prey in tables; None where there is none to choose.
        arena: ``fixed`` or ``density``; None where there is none.
        arena_size: half-width of the square where episodes begin.
        composition: e.g. ``3+1``, or ``n_pistons=5``.
        agents: size of the team.
    """

    policy: str
    kind: Kind
    prey: str | None
    arena: str | None
    arena_size: float | None
    composition: str
    agents: int

    def as_json(self) -> dict[str, Any]:
        """Fields by name, those that are there; the composition is called ``cell``."""
        there = {name: value for name, value in asdict(self).items() if value is not None}
        return {"cell" if name == "composition" else name: value for name, value in there.items()}


@dataclass(frozen=True)
class Measure:
    """One measure of a policy in a cell.

    Args:
        estimate: interquartile mean over training seeds.
        mean: plain mean over training seeds, or None if it cannot be given.
        per_seed: mean over the episodes of each training seed.
    """

    estimate: Estimate
    mean: float | None
    per_seed: tuple[float | None, ...]

    def as_json(self) -> dict[str, Any]:
        """Fields of the estimate, with ``mean`` and ``per_seed``."""
        return {**self.estimate.as_json(), "mean": self.mean, "per_seed": list(self.per_seed)}


@dataclass(frozen=True)
class Result:
    """Measures of a policy in a cell.

    Args:
        place: the policy and the cell.
        team: the composition in words, e.g. ``A=3,B=1``.
        measures: by name.
    """

    place: Place
    team: str
    measures: Mapping[str, Measure]

    def as_json(self) -> dict[str, Any]:
        """Place, team and each measure, by name."""
        measures = {name: measure.as_json() for name, measure in self.measures.items()}
        return {**self.place.as_json(), "team": self.team, "measures": measures}


@dataclass(frozen=True)
class Comparison:
    """A policy beside the natives of its cell.

    Args:
        place: policy and cell.
        native: name of the natives.
        seen_in_training: True if the policy was trained at this composition.
        ratio: score over that of the natives.
        probability_of_improvement: probability that one of its seeds scores above a native one; None for a reference.
    """

    place: Place
    native: str
    seen_in_training: bool
    ratio: Estimate
    probability_of_improvement: Estimate | None = None

    @property
    def estimates(self) -> dict[str, Estimate]:
        """Both estimates by name, the second only where there is one."""
        better = self.probability_of_improvement
        return {"ratio": self.ratio, **({} if better is None else {"probability_of_improvement": better})}

    def as_json(self) -> dict[str, Any]:
        """Place, natives and each estimate, by name."""
        told = {"native": self.native, "seen_in_training": self.seen_in_training}
        return {**self.place.as_json(), **told, **{name: e.as_json() for name, e in self.estimates.items()}}


@dataclass(frozen=True)
class GeneralisationReport:
    """Scores of trained teams in other sizes and mixes, and their ratios to those of teams trained there.

    Args:
        setting: settings common to all policies.
        policies: in the order of the tables.
        results: one for each cell and policy.
        comparisons: one for each cell with natives and each other policy.
        aggregates: for each arm, with and without messages, and each prey and arena.
        notes: qualifications of the numbers, the most important first.
        improvements: of each arm on each later one and on the natives, for each prey and arena.
        profiles: for each prey and arena with natives.
    """

    setting: Setting
    policies: tuple[ReportedPolicy, ...]
    results: tuple[Result, ...]
    comparisons: tuple[Comparison, ...]
    aggregates: tuple[Aggregate, ...]
    notes: tuple[str, ...] = ()
    improvements: tuple[Improvement, ...] = ()
    profiles: tuple[Profiles, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Content of ``report.json``."""
        return {
            "protocol": self.setting.as_json(),
            "policies": [policy.as_json() for policy in self.policies],
            "results": [result.as_json() for result in self.results],
            "comparisons": [comparison.as_json() for comparison in self.comparisons],
            "aggregates": [aggregate.as_json() for aggregate in self.aggregates],
            "improvements": [improvement.as_json() for improvement in self.improvements],
            "performance_profiles": [profiles.as_json() for profiles in self.profiles],
            "notes": list(self.notes),
        }
