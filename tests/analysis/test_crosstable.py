from __future__ import annotations

import json
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from marl.analysis.crosstable import Crosstable, crosstable_heat_map, write_crosstable
from marl.maths.intervals import Estimate
from marl.pictures.style import pixels


@pytest.fixture
def table() -> Crosstable:
    """A rule and one version of predators against a rule and two versions of prey."""
    values = ((9.0, 1.0, 2.0), (4.0, 5.5, 6.0))
    estimates = tuple(tuple(Estimate(v, (v - 1, v + 1) if v > 1 else None) for v in row) for row in values)
    names = ("chase", "predators-1"), ("flee", "prey-1", "prey-2")
    return Crosstable("contacts_per_episode", ("predators", "prey"), *names, estimates, 200)


def test_the_json_has_means_and_intervals_by_row_and_column(table: Crosstable) -> None:
    assert list(table.as_json().items()) == [
        ("measure", "contacts_per_episode"),
        ("sides", ["predators", "prey"]),
        ("rows", ["chase", "predators-1"]),
        ("columns", ["flee", "prey-1", "prey-2"]),
        ("mean", [[9.0, 1.0, 2.0], [4.0, 5.5, 6.0]]),
        ("ci95", [[[8.0, 10.0], None, [1.0, 3.0]], [[3.0, 5.0], [4.5, 6.5], [5.0, 7.0]]]),
        ("episodes", 200),
        ("seed", 30_000),
    ]


def test_the_heat_map_has_a_number_in_each_cell_that_can_be_read_on_its_colour(table: Crosstable) -> None:
    """Below half of the largest number, 4.5, cells are dark."""
    (axes,) = crosstable_heat_map(table).axes
    assert [text.get_text() for text in axes.texts] == ["9.0", "1.0", "2.0", "4.0", "5.5", "6.0"]
    assert [text.get_color() for text in axes.texts] == ["black", "white", "white", "white", "black", "black"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["chase", "predators-1"]


def test_the_log_has_one_step_a_round_the_two_versions_of_the_round(table: Crosstable, tmp_path: Path) -> None:
    write_crosstable(table, tmp_path, rounds=2)
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [(row["env_steps"], row["crosstable/contacts_per_episode"]) for row in rows] == [(1, 1.0), (2, 6.0)]
    assert json.loads((tmp_path / "crosstable.json").read_text()) == table.as_json()
    assert np.array_equal(iio.imread(tmp_path / "crosstable.png"), pixels(crosstable_heat_map(table)))
