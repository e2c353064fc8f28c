from __future__ import annotations

from dataclasses import replace

import pytest
from made_up_report import made_up

from marl.analysis.generalisation.profile_picture import transfer_profiles


def test_each_prey_has_a_panel_of_profiles_and_one_of_probabilities() -> None:
    figure = transfer_profiles(made_up(), "fixed")
    assert figure is not None
    titles = [axis.get_title("left") for axis in figure.axes]
    kinds = ("performance profile", "probability of improvement")
    assert titles == [f"{kind}, prey {prey}" for prey in ("flee", "random") for kind in kinds]
    profiles, better = figure.axes[:2]
    lines = {str(line.get_label()): line for line in profiles.get_lines()}
    assert list(lines["team (n = 3)"].get_ydata()) == [1.0, 0.75, 0.25]
    assert {"natives", "chase"} <= lines.keys()
    assert len(profiles.collections) == 2, "policies with an interval have a band"
    assert [label.get_text() for label in better.get_yticklabels()] == ["team over natives"]
    assert [tuple(map(float, line.get_xdata())) for line in better.get_lines()] == [(0.1, 0.6), (0.25,), (0.5, 0.5)]


@pytest.mark.parametrize(("without", "title"), [("profiles", "probability"), ("improvements", "performance")])
def test_a_panel_without_content_is_left_out(without: str, title: str) -> None:
    """One arm with natives has profiles; two arms without natives have a probability of improvement."""
    figure = transfer_profiles(replace(made_up(("flee",)), **{without: ()}), "fixed")
    assert figure is not None
    (axis,) = figure.axes
    assert axis.get_title("left").startswith(title)


def test_without_both_there_is_no_picture() -> None:
    assert transfer_profiles(replace(made_up(), profiles=(), improvements=()), "fixed") is None
