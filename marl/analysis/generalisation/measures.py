"""Measures of a transfer: from the episodes of each evaluation to scores over seeds, ratios to natives, aggregates.

Axes: ``S`` training seeds, ``E`` episodes.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import scipy
import torch
from numpy.typing import NDArray

from marl.analysis.generalisation.cell_evaluations import CellEvaluation
from marl.analysis.generalisation.records import Cell, Contestant, Protocol, TransferPlan
from marl.analysis.generalisation.setting import Setting
from marl.analysis.generalisation.transfer_report import (
    ALL_CELLS,
    UNSEEN_CELLS,
    Aggregate,
    Comparison,
    GeneralisationReport,
    Measure,
    Place,
    ReportedPolicy,
    Result,
    Training,
)
from marl.core.composition import format_team
from marl.core.version import __version__
from marl.evaluation.episodes import EpisodeTable
from marl.maths.seed_statistics import interquartile_mean, normalised_score, probability_of_improvement, score

__all__ = ["measures_of", "transfer_report"]

Tables = dict[tuple[str, Cell], list[EpisodeTable]]


def transfer_report(
    plan: TransferPlan, load: Callable[[CellEvaluation], EpisodeTable], protocol: Protocol
) -> GeneralisationReport:
    """Measure all evaluations that were played.

    Args:
        plan: with all evaluations.
        load: returns the episodes of an evaluation.
        protocol: rules of the evaluations.
    """
    tables = {place: [load(each) for each in evaluations] for place, evaluations in plan.evaluations.items()}
    learnt = [c for c in plan.contestants if c.kind in ("arm", "messages off")]
    groups = list(dict.fromkeys((cell.prey, cell.arena) for cell in plan.cells))
    return GeneralisationReport(
        setting=_setting(plan, protocol),
        policies=tuple(_policy(plan, contestant) for contestant in plan.contestants),
        results=tuple(_result(plan, c, cell, tables) for cell in plan.cells for c in plan.contestants),
        comparisons=tuple(_comparisons(plan, tables)),
        aggregates=tuple(a for c in learnt for group in groups for a in _aggregates(plan, c, group, tables)),
        notes=(*plan.notes, *_losing_natives(plan, tables)),
    )


def measures_of(plan: TransferPlan, table: EpisodeTable, agents: int) -> dict[str, NDArray[np.float64]]:
    """Measures of each episode; the first is the score.

    Returns:
        Each measure ``[E]``, by name; the step of the first event only over episodes with one.
    """
    measures: dict[str, NDArray[np.float64]] = {}
    for name, event in plan.events.items():
        counts, first = table.events[name], table.first[name]
        measures[f"{name}_per_episode"] = counts
        measures[f"{name}_per_{plan.agent_noun}"] = counts / agents
        measures[f"share_with_{event}"] = (counts > 0).astype(np.float64)
        measures[f"first_{event}_step"] = first[~np.isnan(first)]
    return measures or {f"return_per_{plan.agent_noun}": table.agent_return}


def _scores(plan: TransferPlan, tables: Tables, contestant: Contestant, cell: Cell) -> NDArray[np.float64]:
    """Score of each episode of each seed, ``[S, E]``."""
    seeds = [measures_of(plan, table, cell.agents) for table in tables[contestant.name, cell]]
    return np.stack([next(iter(measures.values())) for measures in seeds])


def _setting(plan: TransferPlan, protocol: Protocol) -> Setting:
    packages = {"torch": torch.__version__, "numpy": np.__version__, "scipy": scipy.__version__}
    return Setting(
        protocol=protocol,
        described=plan.described,
        measures=_measure_names(plan),
        agent_noun=plan.agent_noun,
        compositions={cell.composition: dict(cell.team) for cell in plan.cells},
        prey={cell.prey: str(cell.prey_setting) for cell in plan.cells if cell.prey is not None},
        arena_size={f"{c.arena} {c.composition}": c.arena_size for c in plan.cells if c.arena_size is not None},
        mixed_as_trained=tuple(plan.mixed_as_trained),
        reference_size=plan.reference_size,
        versions={"marl": __version__, "python": platform.python_version(), **packages},
        argument=plan.sizes.argument,
    )


def _measure_names(plan: TransferPlan) -> tuple[str, ...]:
    nothing = np.zeros(0)
    empty = EpisodeTable(nothing, nothing, dict.fromkeys(plan.events, nothing), dict.fromkeys(plan.events, nothing))
    return tuple(measures_of(plan, empty, 1))


def _policy(plan: TransferPlan, contestant: Contestant) -> ReportedPolicy:
    arm = contestant.arm
    if arm is None:
        return ReportedPolicy(contestant.name, contestant.kind)
    seen = dict.fromkeys(cell.composition for cell in plan.cells if _seen(plan, contestant, cell))
    drawn, runs = arm.runs[0].environment.get("training_teams"), tuple(run.describe() for run in arm.runs)
    return ReportedPolicy(contestant.name, contestant.kind, Training(arm.team, drawn, tuple(seen), runs))


def _place(contestant: Contestant, cell: Cell) -> Place:
    return Place(
        policy=contestant.name,
        kind=contestant.kind,
        prey=cell.prey,
        arena=cell.arena,
        arena_size=cell.arena_size,
        composition=cell.composition,
        agents=cell.agents,
    )


def _result(plan: TransferPlan, contestant: Contestant, cell: Cell, tables: Tables) -> Result:
    seeds = [measures_of(plan, table, cell.agents) for table in tables[contestant.name, cell]]
    measures = {}
    for name in seeds[0]:
        episodes = [measures[name] for measures in seeds]
        means = tuple(float(values.mean()) if values.size else None for values in episodes)
        estimate = score(episodes)
        if contestant.arm is None:
            estimate = replace(estimate, counts={})  # a reference has no training seeds
        measures[name] = Measure(estimate, _mean(means), means)
    return Result(_place(contestant, cell), format_team(dict(cell.team)), measures)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _comparisons(plan: TransferPlan, tables: Tables) -> list[Comparison]:
    compared = []
    for cell in plan.cells:
        native = plan.natives(cell.composition)
        for contestant in plan.contestants:
            if native is None or contestant is native:
                continue
            frozen, trained = (_scores(plan, tables, c, cell) for c in (contestant, native))
            ratio, better = normalised_score([frozen], [trained]), None
            if contestant.arm is not None:
                better = probability_of_improvement(frozen.mean(-1), trained.mean(-1))
            place, seen = _place(contestant, cell), _seen(plan, contestant, cell)
            compared.append(Comparison(place, native.name, seen, ratio, better))
    return compared


def _losing_natives(plan: TransferPlan, tables: Tables) -> list[str]:
    natives = {cell: plan.natives(cell.composition) for cell in plan.cells}
    scores = {n.name: _scores(plan, tables, n, cell).mean(-1) for cell, n in natives.items() if n is not None}
    losing = [name for name, means in scores.items() if interquartile_mean(means) < 0]
    return [f"{', '.join(losing)}: scores below zero have no ratio; compare the scores themselves."] if losing else []


def _seen(plan: TransferPlan, contestant: Contestant, cell: Cell) -> bool:
    """True if the policy was trained at this composition."""
    return contestant.arm is not None and plan.sizes.seen(contestant.arm.runs[0], cell)


def _aggregates(
    plan: TransferPlan, contestant: Contestant, group: tuple[str | None, str | None], tables: Tables
) -> list[Aggregate]:
    """Normalised scores over all cells with natives, and over those that were not seen in training."""
    cells = [c for c in plan.cells if (c.prey, c.arena) == group and plan.natives(c.composition) is not None]
    unseen = [cell for cell in cells if not _seen(plan, contestant, cell)]
    found = []
    for over, chosen in ((ALL_CELLS, cells), (UNSEEN_CELLS, unseen)):
        if not chosen:
            continue
        natives = [native for cell in chosen if (native := plan.natives(cell.composition)) is not None]
        frozen = [_scores(plan, tables, contestant, cell) for cell in chosen]
        trained = [_scores(plan, tables, native, cell) for native, cell in zip(natives, chosen, strict=True)]
        compositions = tuple(cell.composition for cell in chosen)
        found.append(Aggregate(contestant.name, *group, over, compositions, normalised_score(frozen, trained)))
    return found
