"""Reports of ``marl generalise`` that were made apart, joined into one: trained teams, and the natives of each cell.

Usage: python experiments/joined_reports.py [--frozen experiments/results/mixed/report.json] [--out runs/joined]

Natives take longer than what is compared with them, so each cell's are trained and play by themselves
(``natives.py``). All play by one protocol, from the same worlds. That is checked, and so is that the intervals of the
references overlap: their scores are not quite the same on machines that round differently. Ratios and all statistics
over cells are computed anew from the scores of each seed, as ``marl generalise ... --natives`` computes them from its
episodes, and the same files are written. References have no ratio: its interval would need their episodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from marl.analysis.generalisation.arms import Arm
from marl.analysis.generalisation.files import write_files
from marl.analysis.generalisation.measures import comparisons
from marl.analysis.generalisation.records import Cell, Contestant, Protocol, TransferPlan
from marl.analysis.generalisation.setting import Setting
from marl.analysis.generalisation.several_cells import Scores, aggregates, improvements, profiles
from marl.analysis.generalisation.sizes import Compositions
from marl.analysis.generalisation.transfer_report import (
    GeneralisationReport,
    Measure,
    Place,
    ReportedPolicy,
    Result,
    Training,
)
from marl.analysis.seed_groups import few_seeds_note
from marl.core.reading import read_json
from marl.maths.intervals import Estimate

RESULTS = Path(__file__).parent / "results"
ALIKE = ("episodes", "seed", "deterministic", "max_cycles", "backend", "score", "cells", "prey", "arena_size")
"""Of the protocol, what reports must have in common."""

Told = Mapping[str, Any]
"""Content of a ``report.json``."""


@dataclass
class ReadPlan(TransferPlan):
    """Contestants and cells as a report has them.

    Args:
        seen_cells: compositions of each contestant's training, by its name.
    """

    seen_cells: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def seen(self, contestant: Contestant, cell: Cell) -> bool:
        """True if a contestant was trained at this composition."""
        return cell.composition in self.seen_cells[contestant.name]


def natives_alone(told: Told) -> dict[str, Any]:
    """Protocol, natives and references of a report, to be joined to another."""
    kinds = ("native", "reference")
    parts = {name: [each for each in told[name] if each["kind"] in kinds] for name in ("policies", "results")}
    return {"protocol": told["protocol"], **parts}


def joined(frozen: Told, natives: Sequence[Told]) -> GeneralisationReport:
    """Join the natives of several reports to the teams of another.

    Args:
        frozen: report of the teams; natives that it has are replaced where another report has them too.
        natives: reports with natives, see `natives_alone`.

    Raises:
        SystemExit: if reports were played by other protocols, or references have scores that are not alike.
    """
    for told in natives:
        _check_alike(frozen, told)
    new = {each["name"] for told in natives for each in told["policies"] if each["kind"] == "native"}
    order = ("arm", "messages off", "native", "reference")
    policies, results = (
        [each for each in frozen[part] if each[name] not in new]
        + [each for told in natives for each in told[part] if each["kind"] == "native"]
        for part, name in (("policies", "name"), ("results", "policy"))
    )
    policies.sort(key=lambda each: (order.index(each["kind"]), sum(each.get("trained_team", {}).values())))
    return _report(frozen["protocol"], policies, results)


def _check_alike(one: Told, other: Told) -> None:
    for name in ALIKE:
        mine, theirs = one["protocol"].get(name), other["protocol"].get(name)
        if mine != theirs:
            raise SystemExit(f"{name} is {mine} in one report and {theirs} in another; play both by one protocol")
    estimates = _references(one)
    for place, theirs in _references(other).items():
        mine = estimates[place]
        if mine[1] < theirs[0] or theirs[1] < mine[0]:
            raise SystemExit(f"{', '.join(place)}: {mine} in one report, {theirs} in another; play both anew")


def _references(told: Told) -> dict[tuple[str, ...], tuple[float, float]]:
    """Interval of each reference's score in each cell."""
    score, found = told["protocol"]["score"], {}
    for row in (row for row in told["results"] if row["kind"] == "reference"):
        estimate = Estimate.from_json(row["measures"][score])
        found[row["policy"], row["cell"], row["prey"]] = estimate.ci95 or (estimate.value, estimate.value)
    return found


def _report(setting: Told, policies: Sequence[Told], rows: Sequence[Told]) -> GeneralisationReport:
    read = [_policy(each) for each in policies]
    rank = {each.name: place for place, each in enumerate(read)}
    cells = list(dict.fromkeys(_cell(setting, row) for row in rows))
    contestants = [
        Contestant(each.name, each.kind, None if each.training is None else Arm(each.name, ())) for each in read
    ]
    seen = {each.name: () if each.training is None else each.training.seen for each in read}
    sizes = Compositions(cells, [], 1.0)  # asked for what was seen alone, which the plan answers itself
    plan = ReadPlan(contestants, cells, sizes, {}, {}, setting["agent_noun"], {}, {}, seen_cells=seen)
    scores: Scores = {
        (row["policy"], _cell(setting, row)): np.array(row["measures"][setting["score"]]["per_seed"])[:, None]
        for row in rows  # the mean of each seed as that of its only episode
    }
    ordered = sorted(rows, key=lambda row: (cells.index(_cell(setting, row)), rank[row["policy"]]))
    few = few_seeds_note(each.seeds for each in read)
    return GeneralisationReport(
        _setting(setting),
        tuple(read),
        tuple(_result(row) for row in ordered),
        tuple(each for each in comparisons(plan, scores) if each.place.kind != "reference"),
        aggregates(plan, scores),
        () if few is None else (few,),
        improvements(plan, scores),
        profiles(plan, scores),
    )


def _cell(setting: Told, row: Told) -> Cell:
    team = tuple(setting["cells"][row["cell"]].items())
    return Cell(row["cell"], team, {}, row["prey"], setting["prey"][row["prey"]], row["arena"], row["arena_size"])


def _policy(told: Told) -> ReportedPolicy:
    if "runs" not in told:
        return ReportedPolicy(told["name"], told["kind"])
    training = Training(
        told["trained_team"], told["training_teams"], tuple(told["cells_seen_in_training"]), tuple(told["runs"])
    )
    return ReportedPolicy(told["name"], told["kind"], training)


def _result(row: Told) -> Result:
    numbers = (row["arena"], row["arena_size"], row["cell"], row["agents"])
    measures = {name: _measure(measure) for name, measure in row["measures"].items()}
    return Result(Place(row["policy"], row["kind"], row["prey"], *numbers), row["team"], measures)


def _measure(told: Told) -> Measure:
    counts = {"seeds": told["seeds"]} if "seeds" in told else {}
    return Measure(replace(Estimate.from_json(told), counts=counts), told["mean"], tuple(told["per_seed"]))


def _setting(told: Told) -> Setting:
    return Setting(
        protocol=Protocol(told["episodes"], told["seed"], told["deterministic"]),
        described={name: told[name] for name in ("max_cycles", "backend") if name in told},
        measures=tuple(told["measures"]),
        agent_noun=told["agent_noun"],
        compositions=told["cells"],
        prey=told["prey"],
        arena_size=told["arena_size"],
        mixed_as_trained=tuple(told["cells_mixed_as_trained"]),
        reference_size=told["reference_size_of_density"],
        versions=told["versions"],
    )


def main(
    frozen: Path = RESULTS / "mixed" / "report.json",
    natives: Path = RESULTS / "natives",
    out: Path = Path("runs", "joined"),
) -> None:
    """Join, write, and print the tables.

    Args:
        frozen: report of the trained teams.
        natives: folder with a JSON file of each cell's natives.
        out: folder of the joined report.
    """
    report = joined(read_json(frozen), [read_json(path) for path in sorted(natives.glob("*.json"))])
    out.mkdir(parents=True, exist_ok=True)
    write_files(report, out)
    print((out / "report.md").read_text("utf-8"))


if __name__ == "__main__":
    tyro.cli(main)
