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
from marl.analysis.generalisation.several_cells import Scores, aggregates, improvements, profiles
from marl.analysis.generalisation.transfer_report import (
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
from marl.maths.cell_statistics import CellScores, normalised_score, probability_of_improvement
from marl.maths.seed_statistics import interquartile_mean, score

__all__ = ["comparisons", "measures_of", "transfer_report"]

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
    scores = {place: _scores(plan, each, place[1]) for place, each in tables.items()}
    return GeneralisationReport(
        setting=_setting(plan, protocol),
        policies=tuple(_policy(plan, contestant) for contestant in plan.contestants),
        results=tuple(_result(plan, c, cell, tables) for cell in plan.cells for c in plan.contestants),
        comparisons=tuple(comparisons(plan, scores)),
        aggregates=aggregates(plan, scores),
        notes=(*plan.notes, *_losing_natives(plan, scores)),
        improvements=improvements(plan, scores),
        profiles=profiles(plan, scores),
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


def _scores(plan: TransferPlan, tables: Sequence[EpisodeTable], cell: Cell) -> NDArray[np.float64]:
    """Score of each episode of each seed, ``[S, E]``."""
    seeds = [measures_of(plan, table, cell.agents) for table in tables]
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
    seen = dict.fromkeys(cell.composition for cell in plan.cells if plan.seen(contestant, cell))
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


def comparisons(plan: TransferPlan, scores: Scores) -> list[Comparison]:
    """Ratios of each contestant to the natives of each cell that has some, and probabilities of improvement.

    Args:
        plan: its contestants and cells.
        scores: of each contestant in each cell, ``[S, E]``.
    """
    compared = []
    for cell in plan.cells:
        native = plan.natives(cell.composition)
        for contestant in plan.contestants:
            if native is None or contestant is native:
                continue
            frozen, trained = scores[contestant.name, cell], scores[native.name, cell]
            ratio, better = normalised_score([frozen], [trained]), None
            if contestant.arm is not None:
                first, second = (CellScores([side.mean(-1)]) for side in (frozen, trained))
                better = probability_of_improvement(first, second)
            place, seen = _place(contestant, cell), plan.seen(contestant, cell)
            compared.append(Comparison(place, native.name, seen, ratio, better))
    return compared


def _losing_natives(plan: TransferPlan, scores: Scores) -> list[str]:
    natives = {cell: plan.natives(cell.composition) for cell in plan.cells}
    means = {n.name: scores[n.name, cell].mean(-1) for cell, n in natives.items() if n is not None}
    losing = [name for name, mean in means.items() if interquartile_mean(mean) < 0]
    return [f"{', '.join(losing)}: scores below zero have no ratio; compare the scores themselves."] if losing else []
