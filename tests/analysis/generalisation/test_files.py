from __future__ import annotations

import csv
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from marl.analysis.generalisation.files import write_files
from marl.analysis.generalisation.records import Protocol
from marl.analysis.generalisation.transfer_pictures import transfer_curves, transfer_heat_map
from marl.analysis.generalisation.transfer_report import (
    ALL_CELLS,
    Aggregate,
    Comparison,
    GeneralisationReport,
    Measure,
    Place,
    ReportedPolicy,
    Result,
    Setting,
    Training,
)
from marl.maths.intervals import Estimate, Over


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
    return GeneralisationReport(setting, tuple(described), tuple(results), tuple(compared), ())


def test_the_json_of_a_report_has_the_names_that_files_have_had_from_the_start() -> None:
    """One row of each kind by hand."""
    told = made_up(("flee",)).as_json()
    assert list(told) == ["protocol", "policies", "results", "comparisons", "aggregates", "notes"]
    assert [told["protocol"][name] for name in ("episodes", "max_cycles", "score")] == [
        500,
        100,
        "contacts_per_episode",
    ]
    assert told["policies"][0] == {
        "name": "team",
        "kind": "arm",
        "trained_team": {"A": 1, "B": 1},
        "training_teams": None,
        "cells_seen_in_training": ["1+1"],
        "runs": [{}, {}, {}],
    }
    assert told["policies"][3] == {"name": "chase", "kind": "reference"}
    where = {"policy": "team", "kind": "arm", "prey": "flee", "arena": "fixed", "arena_size": 1.0, "cell": "4+4"}
    measures = told["results"][0].pop("measures")
    assert told["results"][0] == {**where, "agents": 8, "team": "4+4"}
    score = {"value": 0.0, "ci95_over_seeds": [-1.0, 1.0], "seeds": 3, "mean": 0.0, "per_seed": [0.0]}
    assert measures["contacts_per_episode"] == score
    ratio, better = told["comparisons"][0].pop("ratio"), told["comparisons"][0].pop("probability_of_improvement")
    assert told["comparisons"][0] == {**where, "agents": 8, "native": "native 4+4", "seen_in_training": False}
    assert ratio == {"value": 0.5, "ci95_over_seeds": [0.4, 0.6], "seeds": 3}
    assert better == {"value": 0.25, "ci95_over_seeds": [0.1, 0.6]}
    assert "probability_of_improvement" not in told["comparisons"][2]
    aggregate = Aggregate("team", "flee", "fixed", ALL_CELLS, ("4+4",), Estimate(0.5, None, "episodes"))
    assert aggregate.as_json() == {
        "policy": "team",
        "prey": "flee",
        "arena": "fixed",
        "over": "all cells with natives",
        "cells": ["4+4"],
        "normalised_score": {"value": 0.5, "ci95_over_episodes": None},
    }


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of two reports, of which the second took the place of the first. Tests must not change them."""
    folder = tmp_path_factory.mktemp("report")
    write_files(made_up(("still",)), folder)
    for stale in ("heat_map_density.png", "curves_density.png"):
        (folder / stale).write_text("of an arena that is played no more")
    write_files(made_up(), folder)
    return folder


def test_a_report_leaves_its_files_and_a_second_takes_their_place(written: Path) -> None:
    names = ["curves_fixed.png", "heat_map_fixed.png", "report.csv", "report.json", "tensorboard"]
    assert sorted(path.name for path in written.iterdir()) == names
    assert json.loads((written / "report.json").read_text()) == made_up().as_json()
    for name in names[:2]:
        with Image.open(written / name) as picture:
            assert min(picture.size) > 300
    assert all(len(list(folder.iterdir())) == 1 for folder in (written / "tensorboard").iterdir())


def test_the_table_has_a_row_for_each_policy_and_cell(written: Path) -> None:
    with (written / "report.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 3 * 4
    (row,) = [r for r in rows if (r["policy"], r["prey"], r["cell"]) == ("team", "random", "4+4")]
    assert (row["agents"], row["contacts_per_episode"], row["contacts_per_episode_low"]) == ("8", "10.0", "9.0")
    assert (row["contacts_per_episode_interval_over"], row["contacts_per_episode_seeds"]) == ("seeds", "3")
    assert (row["first_contact_step"], row["first_contact_step_interval_over"]) == ("", "")
    assert (row["ratio_to_native"], row["ratio_to_native_high"]) == ("0.5", "0.6")
    (other,) = [r for r in rows if (r["policy"], r["prey"], r["cell"]) == ("chase", "flee", "1+1")]
    assert (other["contacts_per_episode_interval_over"], other["ratio_to_native"]) == ("episodes", "")


def test_tensorboard_has_scores_over_team_size(written: Path) -> None:
    events = EventAccumulator(str(written / "tensorboard" / "team"))
    events.Reload()
    score = events.Scalars("contacts_per_episode/flee fixed")
    assert [(event.step, event.value) for event in score] == [(2, 3.0), (8, 0.0)]
    assert [event.step for event in events.Scalars("contacts_per_episode/flee fixed 3+1")] == [4]
    assert [event.value for event in events.Scalars("ratio_to_native/random fixed")] == [0.5]
    better = events.Scalars("probability_of_improvement_to_native/random fixed")
    assert [(event.step, event.value) for event in better] == [(8, 0.25)]
    pictures = EventAccumulator(str(written / "tensorboard" / "pictures"))
    pictures.Reload()
    assert sorted(pictures.Tags()["images"]) == ["curves_fixed", "heat_map_fixed"]


def test_the_heat_map_has_trained_rows_and_played_columns() -> None:
    figure = transfer_heat_map(made_up(), "fixed")
    panels = [axis for axis in figure.axes if axis.get_title(loc="left")]
    assert [axis.get_title(loc="left") for axis in panels] == [
        "contacts per episode,\nprey flee",
        "ratio to the natives\nof the column",
        "contacts per episode,\nprey random",
        "ratio to the natives\nof the column",
    ]
    scores, ratios = panels[0], panels[1]
    assert [label.get_text() for label in scores.get_xticklabels()] == ["4+4", "1+1", "3+1"]
    assert [label.get_text() for label in scores.get_yticklabels()] == ["team (n = 3)", "native 4+4 (n = 3)"]
    assert [text.get_text() for text in scores.texts] == ["0.0", "3.0", "6.0", "2.0", "5.0", "8.0"]
    assert [text.get_weight() for text in scores.texts] == ["normal", "bold", "normal", "bold", "normal", "normal"]
    assert [text.get_text() for text in ratios.texts] == ["0.50", "-", "-", "1.00", "-", "-"]


def test_without_natives_the_heat_map_has_no_ratios() -> None:
    report = replace(made_up(("flee",)), comparisons=())
    assert len([axis for axis in transfer_heat_map(report, "fixed").axes if axis.get_title(loc="left")]) == 1


def test_curves_go_from_the_smallest_team_to_the_largest_and_join_what_is_mixed_as_trained() -> None:
    figure = transfer_curves(made_up(), "fixed")
    assert [axis.get_title(loc="left") for axis in figure.axes] == [
        "contacts per episode, prey flee",
        "contacts per predator, prey flee",
        "contacts per episode, prey random",
        "contacts per predator, prey random",
    ]
    axis = figure.axes[2]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["1+1\n(2)", "3+1\n(4)", "4+4\n(8)"]
    joined = [line for line in axis.lines if line.get_linestyle() == "-" and list(line.get_ydata()) == [13.0, 10.0]]
    assert [round(float(x)) for x in joined[0].get_xdata()] == [0, 2]  # the team in 1+1 and 4+4, over 3+1
    legend = [text.get_text() for text in figure.legends[0].texts]
    assert legend == ["team (n = 3)", "team, messages off (n = 3)", "chase", "natives of each cell"]


@pytest.mark.parametrize("draw", [transfer_heat_map, transfer_curves])
def test_no_label_of_an_axis_covers_its_neighbour(draw: Any) -> None:
    figure = draw(made_up(), "fixed")
    figure.canvas.draw()
    for axis in figure.axes:
        for labels in (axis.get_xticklabels(), axis.get_yticklabels()):
            boxes = [label.get_window_extent() for label in labels if label.get_text()]
            assert not any(one.overlaps(other) for one, other in pairwise(boxes))
