"""Statistics over all cells of a report on transfer that was written before it had them.

Usage: python experiments/transfer_statistics.py [--folder experiments/results/transfer]

Reads the score of each seed in each cell from ``report.json``; writes ``several_cells.json`` and the picture of
profiles beside it, and prints the probabilities of improvement. A report of today has all of it by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from rows import markdown

from marl.analysis.generalisation.arms import Arm
from marl.analysis.generalisation.profile_picture import transfer_profiles
from marl.analysis.generalisation.records import Cell, Contestant, Protocol, TransferPlan
from marl.analysis.generalisation.setting import Setting
from marl.analysis.generalisation.several_cells import Scores, improvements, profiles
from marl.analysis.generalisation.sizes import Compositions
from marl.analysis.generalisation.transfer_report import GeneralisationReport, ReportedPolicy, Training
from marl.core.files import save_json
from marl.core.reading import read_json
from marl.pictures.style import save_png

FOLDER = Path(__file__).parent / "results" / "transfer"


def plan_of(told: Mapping[str, Any]) -> tuple[TransferPlan, Scores]:
    """Contestants and cells of a report, and the mean score of each seed as that of its only episode."""
    setting = told["protocol"]
    rows = told["results"]
    cells = {
        (row["cell"], row["prey"], row["arena"]): Cell(
            row["cell"], tuple(setting["cells"][row["cell"]].items()), {}, row["prey"], row["prey"], row["arena"]
        )
        for row in rows
    }
    contestants = [
        Contestant(each["name"], each["kind"], None if each["kind"] == "reference" else Arm(each["name"], ()))
        for each in told["policies"]
    ]
    scores = {
        (row["policy"], cells[row["cell"], row["prey"], row["arena"]]): np.array(
            row["measures"][setting["score"]]["per_seed"]
        )[:, None]
        for row in rows
    }
    classes = list(next(iter(setting["cells"].values())))
    sizes = Compositions(list(cells.values()), classes, 1.0)
    plan = TransferPlan(contestants, list(cells.values()), sizes, {}, {}, setting["agent_noun"], {}, {})
    return plan, scores


def report_of(told: Mapping[str, Any]) -> GeneralisationReport:
    """Report with the statistics over all cells, and only as much else as their picture needs."""
    plan, scores = plan_of(told)
    setting = told["protocol"]
    policies = [
        ReportedPolicy(
            each["name"], each["kind"], Training({}, None, (), tuple(each["runs"])) if "runs" in each else None
        )
        for each in told["policies"]
    ]
    return GeneralisationReport(
        setting=Setting(
            protocol=Protocol(setting["episodes"], setting["seed"], setting["deterministic"]),
            described={},
            measures=tuple(setting["measures"]),
            agent_noun=setting["agent_noun"],
            compositions=setting["cells"],
            prey=setting["prey"],
            arena_size=setting["arena_size"],
            mixed_as_trained=tuple(setting["cells_mixed_as_trained"]),
            reference_size=setting["reference_size_of_density"],
            versions=setting["versions"],
        ),
        policies=tuple(policies),
        results=(),
        comparisons=(),
        aggregates=(),
        improvements=improvements(plan, scores),
        profiles=profiles(plan, scores),
    )


def table(report: GeneralisationReport) -> str:
    """Probability of improvement of each training (row) on each other, against each prey."""
    rows = []
    for each in report.improvements:
        low, high = each.probability.ci95 or (float("nan"), float("nan"))
        rows.append([each.policy, each.other, str(each.prey), f"{each.probability.value:.2f} [{low:.2f}, {high:.2f}]"])
    return markdown(["policy", "over", "prey", "probability of improvement"], rows)


def main(folder: Path = FOLDER) -> None:
    """Compute, write and print.

    Args:
        folder: of the report.
    """
    report = report_of(read_json(folder / "report.json"))
    told = report.as_json()
    save_json(folder / "several_cells.json", {name: told[name] for name in ("improvements", "performance_profiles")})
    for arena in dict.fromkeys(each.arena for each in report.improvements):
        figure = transfer_profiles(report, arena)
        if figure is not None:
            save_png(figure, folder / f"profiles_{arena}.png")
    print(table(report))


if __name__ == "__main__":
    tyro.cli(main)
