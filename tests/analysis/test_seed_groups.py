from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from marl.analysis.seed_groups import few_seeds_note, group_seeds, shared_name, unique_name
from marl.core.errors import ConfigError


@dataclass(frozen=True)
class Run:
    folder: Path
    config: dict[str, Any] | None


def run(name: str, seed: int = 1, **config: Any) -> Run:
    return Run(Path("runs") / name, {"seed": seed, "gamma": 0.9, "threads": 1, **config})


def test_runs_that_differ_in_their_seed_and_in_how_they_are_watched_are_one_kind() -> None:
    a, b, c = run("a", 1), run("b", 2, threads=8, evaluation_interval=5), run("c", 2, gamma=0.8)
    assert group_seeds([a, c, b]) == [[a, b], [c]]


def test_runs_of_unknown_settings_stand_alone() -> None:
    a, b = Run(Path("a"), None), Run(Path("b"), None)
    assert group_seeds([a, b]) == [[a], [b]]


def test_a_seed_that_comes_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="a and runs/b are the same training with the same seed"):
        group_seeds([run("a", 3), run("b", 3)])


@pytest.mark.parametrize(
    ("folders", "name"),
    [
        (["x"], "x"),
        (["x/seed-1"], "x/seed-1"),
        (["x/seed-1", "x/seed-2"], "x"),
        (["tag-seed1", "tag-seed2"], "tag"),
        (["x/policy", "x2/policy"], "x"),
        (["p/a", "q/b"], None),
    ],
)
def test_names_of_groups(folders: list[str], name: str | None) -> None:
    assert shared_name([run(folder) for folder in folders]) == name


def test_taken_names_get_a_number() -> None:
    assert unique_name("x", []) == "x"
    assert unique_name("x", ["x", "x (2)"]) == "x (3)"


def test_the_range_of_few_seeds_holds_the_median_less_often_than_it_says() -> None:
    note = few_seeds_note([1, 3, 2, 3, 10])
    assert note is not None
    assert "50 % with 2, 75 % with 3; so" in note  # 1 - 2 / 2^n
    assert few_seeds_note([1, 10, 30]) is None
