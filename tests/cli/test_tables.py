from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from marl.cli.tables import (
    described_text,
    estimate_text,
    interval_text,
    measures_table,
    number_text,
    plain_table,
    seconds_text,
)
from marl.maths.intervals import Estimate


def printed(table: Table, width: int = 80) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=width).print(table)
    return [" ".join(line.split()) for line in text.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("estimate", "star", "text"),
    [
        (Estimate(1.25, (1.0, 1.5)), False, "1.2\n[1.0, 1.5]"),
        (Estimate(1.26, (1.0, 1.5)), True, "1.3\n[1.0, 1.5]*"),
        (Estimate(1.25, (1.0, 1.5), "seeds", counts={"seeds": 3}), True, "1.2\n[1.0, 1.5]"),
        (Estimate(1.25, None), True, "1.2"),
        (Estimate(2.0, (1.0, 3.0), extremes=(-1234567.0, 0.5)), False, "2.0\n[1.0, 3.0]\nmin -1.23457e+06, max 0.5"),
        (Estimate(None, None), True, "-"),
        (None, False, "-"),
    ],
)
def test_an_estimate_stands_over_its_interval(estimate: Estimate | None, star: bool, text: str) -> None:
    """Halves are rounded to the even digit, as Python's formats round."""
    assert estimate_text(estimate, ".1f", star=star) == text


def test_unknown_numbers_and_open_ends_have_marks_of_their_own() -> None:
    assert (number_text(2 / 3, ".3f"), number_text(None, ".3f"), number_text(None, ".3f", "none")) == (
        "0.667",
        "-",
        "none",
    )
    assert interval_text((None, 12.4), "+.0f") == "[…, +12]"
    assert interval_text((-0.25, None), "+.1f") == "[-0.2, …]"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.9994, "999 ms"), (0.9995, "1 s"), (12.345, "12.3 s"), (2.5e-5, "0.025 ms"), (None, "-")]
)
def test_short_times_are_in_milliseconds(seconds: float | None, text: str) -> None:
    assert seconds_text(seconds) == text


def test_measures_are_columns_but_for_the_length_of_episodes() -> None:
    rows = {"one": {"hits_per_episode": Estimate(2.0, (1.0, 3.0)), "episode_length": Estimate(9.0, None)}}
    lines = printed(measures_table(rows))
    assert "┃ policy ┃ hits per episode ┃" in lines
    assert "│ one │ 2.00 │" in lines
    assert not [line for line in lines if "length" in line]


def test_returns_of_classes_that_share_a_reward_are_shown_once() -> None:
    one, other = Estimate(1.0, (0.5, 1.5)), Estimate(2.0, (1.5, 2.5))
    same = {"hits": one, "return_per_agent": one, "return_per_A": one, "return_per_B": one}
    heads = printed(measures_table({"x": same}))[1]
    assert "hits" in heads and "return per agent" in heads and "return per A" not in heads
    apart = {**same, "return_per_A": other}
    heads = printed(measures_table({"x": same, "y": apart}))[1]
    assert "return per A" in heads and "return per B" not in heads


def test_a_measure_that_a_policy_lacks_is_none() -> None:
    lines = printed(measures_table({"x": {}, "y": {"share_drawn": Estimate(0.5, (0.25, 0.75))}}))
    assert "┃ policy ┃ share drawn ┃" in lines and "│ x │ none │" in lines


def test_a_narrow_terminal_folds_names_and_no_numbers() -> None:
    table = plain_table("name", ["number"])
    table.add_row("a name of many words", "12,345,678,901")
    assert [line for line in printed(table, 24) if "12,345,678,901" in line]


@pytest.mark.parametrize(
    ("described", "text"),
    [
        (
            {"environment": "x", "team": {"A": 3, "B": 1}, "max_cycles": 25},
            "environment x, team A=3,B=1, max cycles 25",
        ),
        ({}, ""),
    ],
)
def test_an_environment_in_words(described: dict[str, Any], text: str) -> None:
    assert described_text(described) == text
