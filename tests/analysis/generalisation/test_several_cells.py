from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from marl.analysis.generalisation.arms import Arm
from marl.analysis.generalisation.records import Cell, Contestant, TransferPlan
from marl.analysis.generalisation.several_cells import aggregates, improvements, profiles


class Sizes:
    """Nothing was seen in training."""

    def seen(self, run: Any, cell: Cell) -> bool:
        return False


def cell(name: str, prey: str = "still") -> Cell:
    return Cell(name, (("A", 1),), {}, prey, prey, "fixed", 1.0)


SMALL, LARGE = cell("1+1"), cell("3+1")
SCORES = {
    ("x", SMALL): np.array([[1.0, 3.0], [4.0, 4.0]]),  # means 2 and 4
    ("x", LARGE): np.array([[8.0, 8.0], [10.0, 14.0]]),  # 8 and 12
    ("y", SMALL): np.array([[3.0], [3.0]]),
    ("y", LARGE): np.array([[1.0], [1.0]]),
    ("native 3+1", SMALL): np.array([[9.0]]),
    ("native 3+1", LARGE): np.array([[6.0], [10.0]]),  # 8
    ("random", SMALL): np.array([[0.0]]),
    ("random", LARGE): np.array([[4.0, 0.0]]),
}


def plan() -> TransferPlan:
    """Two arms, natives of the larger team, a reference."""
    run: Any = None
    arms = [Contestant(name, "arm", Arm(name, (run, run))) for name in ("x", "y")]
    native = Contestant("native 3+1", "native", Arm("native 3+1", (run, run)))
    contestants, sizes = [*arms, native, Contestant("random", "reference")], Sizes()
    return TransferPlan(contestants, [SMALL, LARGE], sizes, {}, {}, "predator", {"A": 1}, {})  # type: ignore[arg-type]


def test_arms_are_compared_over_all_cells_and_with_natives_where_there_are_some() -> None:
    """At 1+1 one of two seeds of x beats y, at 3+1 both; natives score 6 and 10 there, x 8 and 12."""
    found = {(each.policy, each.other): each for each in improvements(plan(), SCORES)}
    assert {pair: each.probability.value for pair, each in found.items()} == {
        ("x", "y"): 0.75,
        ("x", "natives"): 0.75,
        ("y", "natives"): 0.0,
    }
    assert (found["x", "y"].compositions, found["x", "natives"].compositions) == (("1+1", "3+1"), ("3+1",))
    assert found["x", "y"].probability.counts == {"seeds": 2, "other_seeds": 2}


def test_profiles_are_of_scores_over_those_of_the_natives() -> None:
    (found,) = profiles(plan(), SCORES)
    assert (found.prey, found.arena, found.compositions) == ("still", "fixed", ("3+1",))
    assert list(found.profiles) == ["x", "y", "random", "natives"]
    thresholds = found.profiles["x"].thresholds
    assert (len(thresholds), thresholds[0], thresholds[-1]) == (101, 0.0, 1.5)
    # at 0, 0.9 and 1.2; natives are at 0.75 and 1.25
    at = {name: [p.share[step] for step in (0, 60, 80)] for name, p in found.profiles.items()}
    assert at == {"x": [1.0, 1.0, 0.5], "y": [1.0, 0.0, 0.0], "random": [1.0, 0.0, 0.0], "natives": [1.0, 0.5, 0.5]}
    assert found.profiles["random"].low is None and found.profiles["x"].low is not None


def test_each_prey_is_apart() -> None:
    other = plan()
    other.cells = [SMALL, LARGE, cell("3+1", "flee")]
    scores = SCORES | {(name, other.cells[2]): SCORES[name, LARGE] - 8 for name in ("x", "y", "native 3+1", "random")}
    assert [each.prey for each in profiles(other, scores)] == ["still"], "natives score zero against flee prey"
    assert [(each.prey, each.other) for each in improvements(other, scores) if each.policy == "x"] == [
        *(("still", other) for other in ("y", "natives")),
        *(("flee", other) for other in ("y", "natives")),
    ]


def test_without_natives_there_are_neither_aggregates_nor_profiles() -> None:
    bare = plan()
    bare.contestants = [one for one in bare.contestants if one.kind == "arm"]
    assert (aggregates(bare, SCORES), profiles(bare, SCORES)) == ((), ())
    assert [(each.policy, each.other) for each in improvements(bare, SCORES)] == [("x", "y")]


def test_an_aggregate_divides_by_the_natives_of_each_cell() -> None:
    found = {(each.policy, each.over): each for each in aggregates(plan(), SCORES)}
    assert found["x", "those not trained at"].normalised_score.value == pytest.approx(1.25)  # (8 + 12) / 2 / 8
