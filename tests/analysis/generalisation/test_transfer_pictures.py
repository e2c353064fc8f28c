from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from made_up_report import made_up

from marl.analysis.generalisation.transfer_pictures import transfer_curves, transfer_heat_map
from marl.analysis.generalisation.transfer_report import GeneralisationReport, Measure, Place, Training
from marl.maths.intervals import Estimate


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


def of_an_argument() -> GeneralisationReport:
    """The made-up report as one over values of an argument, with scores below zero."""
    report = made_up(("flee",))
    names = {"1+1": "walkers=2", "3+1": "walkers=4", "4+4": "walkers=8"}

    def placed(place: Place) -> Place:
        return replace(place, prey=None, arena=None, arena_size=None, composition=names[place.composition])

    cells = {names[cell]: team for cell, team in report.setting.compositions.items()}
    loss = Measure(Estimate(-5.25, (-6.0, -4.0), "seeds"), -5.25, (-5.25,))
    results = (replace(r, place=placed(r.place), measures={"return_per_agent": loss}) for r in report.results)
    seen = Training({}, None, ("walkers=2",), ({},) * 3)
    return replace(
        report,
        setting=replace(
            report.setting, argument="walkers", compositions=cells, prey={}, measures=("return_per_agent",)
        ),
        policies=(replace(report.policies[0], training=seen), report.policies[3]),
        results=tuple(results),
        comparisons=(),
    )


def test_values_of_an_argument_are_the_columns_and_losses_have_colours() -> None:
    figure = transfer_heat_map(of_an_argument(), None)
    panel, bar = figure.axes
    assert panel.get_title(loc="left") == "return per agent"
    assert panel.get_xlabel() == "plays with walkers (bold: trained at)"
    assert [label.get_text() for label in panel.get_xticklabels()] == ["8", "2", "4"]
    assert [(text.get_text(), text.get_weight()) for text in panel.texts] == [
        ("-5.25", "normal"),
        ("-5.25", "bold"),
        ("-5.25", "normal"),
    ]
    assert bar.get_ylim() == (-5.25, pytest.approx(0, abs=1e-6))


def test_curves_over_an_argument_name_it_and_hold_their_legend() -> None:
    figure = transfer_curves(of_an_argument(), None)
    figure.canvas.draw()
    legend = figure.legends[0].get_window_extent()
    assert legend.x0 >= 0 and legend.x1 <= figure.bbox.x1
    (axis,) = figure.axes
    assert (axis.get_title(loc="left"), axis.get_xlabel()) == ("return per agent", "walkers (predators in all)")
    assert [label.get_text() for label in axis.get_xticklabels()] == ["2\n(2)", "4\n(4)", "8\n(8)"]
