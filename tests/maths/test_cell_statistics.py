from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from marl.maths.cell_statistics import CellScores, normalised_score, performance_profile, probability_of_improvement
from marl.maths.intervals import Estimate

FROZEN = np.array([[10.0, 20, 31], [12, 22, 30], [11, 27, 35], [15, 21, 38], [9, 24, 33]])
NATIVE = np.array([[11.0, 18, 33], [13, 19, 29], [8, 25, 36], [12, 17, 31]])
"""``[seeds, cells]``. Expected values named rliable: rliable 1.2.0 with 50,000 resamples (its library and metrics)."""
RLIABLE: dict[str, Any] = json.loads((Path(__file__).parents[1] / "support" / "rliable_numbers.json").read_text())
"""Its numbers on real contacts; the script beside the file made them."""
SCORES = {name: np.array(values) for name, values in RLIABLE["scores"].items()}

RATIOS = [(0, 11 / 11.5, 0.79487, 1.41667), (1, 1.20721, 0.89333, 1.42124)]
"""rliable, ``StratifiedIndependentBootstrap`` of a quotient of two ``aggregate_iqm``: cell, value, low, high."""
IMPROVEMENTS = [(0, 0.5, 0.075, 0.875), (1, 0.8, 0.4, 1.0)]
"""rliable, ``probability_of_improvement`` with 5,000 resamples."""


@pytest.mark.parametrize(("cell", "value", "low", "high"), RATIOS)
def test_the_ratio_of_a_cell_as_rliable_resamples_it(cell: int, value: float, low: float, high: float) -> None:
    result = normalised_score([FROZEN[:, cell, None]], [NATIVE[:, cell, None]])
    assert result.value == pytest.approx(value, abs=1e-5)
    assert result.ci95 == pytest.approx((low, high), abs=0.02)
    assert (result.over, result.counts) == ("seeds", {"seeds": 5, "native_seeds": 4})


def test_all_cells_together_by_counting_every_resample_of_the_seeds() -> None:
    """By hand: quotients by 11.5, 18.5 and 32; of the 15 the three lowest and the three highest are cut."""
    natives = np.array([11.5, 18.5, 32.0])
    result = normalised_score([c[:, None] for c in FROZEN.T], [np.full((2, 1), native) for native in natives])
    quotients = FROZEN / natives
    assert result.value == pytest.approx(np.sort(quotients.ravel())[3:-3].mean())
    every = np.array(list(product(range(5), repeat=5)))  # [3125, S]
    values = np.sort(quotients[every].reshape(len(every), 15))[:, 3:-3].mean(1)
    assert result.ci95 == pytest.approx(np.percentile(values, [2.5, 97.5]), abs=0.005)


def test_seeds_that_are_alike_in_all_cells_are_no_more_seeds() -> None:
    """One of 4 values is cut at each end, and 8 of 32: the same share, so the same interval."""
    frozen, ones = np.array([[0.7], [0.9], [1.1], [1.3]]), np.ones((2, 1))
    one, many = normalised_score([frozen], [ones]), normalised_score([frozen] * 8, [ones] * 8)
    assert many.value == pytest.approx(one.value)
    assert many.ci95 == pytest.approx(one.ci95)


def test_a_seed_is_drawn_with_its_scores_in_all_cells() -> None:
    """Seeds that are good in one cell and as bad in the other have, taken whole, no spread."""
    opposite = [np.array([[0.0], [4.0]]), np.array([[4.0], [0.0]])]
    ones = [np.ones((2, 1)), np.ones((2, 1))]
    assert normalised_score(opposite, ones).ci95 == (2.0, 2.0)


def test_natives_of_each_cell_are_drawn_by_themselves() -> None:
    """In one of sixteen resamples all are 1, in one all are 3; drawn jointly the cells would always differ."""
    ones = [np.ones((2, 1)), np.ones((2, 1))]
    opposite = [np.array([[1.0], [3.0]]), np.array([[3.0], [1.0]])]
    assert normalised_score(ones, opposite).ci95 == pytest.approx((1 / 3, 1.0))


def test_with_one_native_the_ratio_is_over_episodes() -> None:
    generator = np.random.default_rng(0)
    frozen, native = generator.normal(20, 4, (3, 400)), generator.normal(10, 2, (1, 400))
    result = normalised_score([frozen], [native])
    assert result.over == "episodes"
    assert result.value == pytest.approx(frozen.mean() / native.mean())
    error = 2 * np.sqrt((4 / 20) ** 2 / 1200 + (2 / 10) ** 2 / 400)  # of a quotient of independent means
    assert result.ci95 == pytest.approx((result.value - 1.96 * error, result.value + 1.96 * error), abs=0.2 * error)


def test_where_natives_score_nothing_there_is_no_ratio() -> None:
    some, none = np.array([[3.0], [4.0]]), np.zeros((2, 1))
    assert normalised_score([some], [none]) == Estimate(None, None, "seeds", counts={"seeds": 2, "native_seeds": 2})
    rarely = normalised_score([some], [np.array([[0.0], [2.0]])])  # a quarter of the resamples has none
    assert (rarely.value, rarely.ci95) == (3.5, None)
    among_many = normalised_score([some] * 5, [some] * 4 + [none])  # an infinite quotient would be cut with the highest
    assert (among_many.value, among_many.ci95) == (None, None)
    below = normalised_score([-some], [-some])  # twice the loss is not twice as good
    assert (below.value, below.ci95) == (None, None)


def test_as_many_cells_of_natives_as_of_frozen_are_needed() -> None:
    with pytest.raises(ValueError, match="1 cells of one side and 0 of the other"):
        normalised_score([np.ones((2, 1))], [])
    with pytest.raises(ValueError, match=r"joint cells have \[2, 3\] seeds"):
        normalised_score([np.ones((2, 1)), np.ones((3, 1))], [np.ones((2, 1))] * 2)


@pytest.mark.parametrize(("cell", "value", "low", "high"), IMPROVEMENTS)
def test_the_probability_of_improvement_as_rliable_gives_it(cell: int, value: float, low: float, high: float) -> None:
    result = probability_of_improvement(CellScores([FROZEN[:, cell]]), CellScores([NATIVE[:, cell]]))
    assert result.value == pytest.approx(value)
    assert result.value == stats.mannwhitneyu(FROZEN[:, cell], NATIVE[:, cell]).statistic / 20
    assert result.ci95 == pytest.approx((low, high), abs=0.051)  # it moves in steps of a twentieth


def test_equal_scores_count_half_and_a_single_seed_has_no_interval() -> None:
    result = probability_of_improvement(CellScores([np.array([1.0])]), CellScores([np.array([0.0, 1.0, 2.0, 3.0])]))
    assert (result.value, result.ci95) == (0.375, None)  # (1 + 1/2) / 4


def cells(scores: np.ndarray, joint: bool = False) -> CellScores:
    """Cells of a table ``[seeds, cells]``."""
    return CellScores(list(scores.T), joint)


@pytest.mark.parametrize("kind", SCORES)
def test_the_stratified_bootstrap_of_the_interquartile_mean_as_rliable_has_it(kind: str) -> None:
    value, *ends = RLIABLE["interquartile_mean"][kind]
    scores = SCORES[kind]
    result = normalised_score(list(scores.T[..., None]), [np.ones((2, 1))] * scores.shape[1], joint=False)
    assert result.value == pytest.approx(value, abs=1e-12)
    assert result.ci95 == pytest.approx(ends, abs=0.004)  # ends of two bootstraps of 5,000 resamples


def test_runs_that_play_all_cells_are_fewer_units_than_rliable_takes_them_for() -> None:
    """Contacts of a seed go together over cells, so drawing each cell by itself gives too narrow an interval."""
    scores = SCORES["mixed"]
    ones = [np.ones((2, 1))] * scores.shape[1]
    widths = [np.ptp(normalised_score(list(scores.T[..., None]), ones, joint=joint).ci95) for joint in (True, False)]  # type: ignore[call-overload]
    assert widths[0] > 1.2 * widths[1]


@pytest.mark.parametrize("pair", RLIABLE["probability_of_improvement"])
def test_the_probability_of_improvement_over_cells_as_rliable_has_it(pair: str) -> None:
    value, *ends = RLIABLE["probability_of_improvement"][pair]
    first, second = pair.split()
    result = probability_of_improvement(cells(SCORES[first]), cells(SCORES[second]))
    assert result.value == pytest.approx(value, abs=1e-12)
    assert result.ci95 == pytest.approx(ends, abs=0.012)  # it moves in steps of 1 / (10 * 5 * 5)
    assert result.counts == {"seeds": 10, "other_seeds": 5}


def test_pairs_are_compared_within_each_cell() -> None:
    """The first kind wins all pairs of one cell and none of the other, where all scores are higher."""
    first, second = (
        CellScores([np.array([2.0, 3.0]), np.array([8.0, 9.0])]),
        CellScores([np.zeros(3), np.full(3, 10.0)]),
    )
    assert probability_of_improvement(first, second).value == 0.5
    with pytest.raises(ValueError, match="2 cells of one side and 1 of the other"):
        probability_of_improvement(first, CellScores([np.zeros(3)]))


@pytest.mark.parametrize("kind", SCORES)
def test_performance_profiles_as_rliable_has_them(kind: str) -> None:
    share, low, high = RLIABLE["performance_profile"][kind]
    profile = performance_profile(cells(SCORES[kind]), RLIABLE["thresholds"])
    assert profile.share == pytest.approx(share, abs=1e-12)
    step = 1 / SCORES[kind].size  # an end moves in such steps
    assert profile.low == pytest.approx(low, abs=1.01 * step)
    assert profile.high == pytest.approx(high, abs=1.01 * step)


def test_a_profile_by_hand() -> None:
    """A score at a threshold is not above it. Drawn jointly, opposite seeds always have the same share."""
    opposite = np.array([[0.0, 4.0], [4.0, 0.0]])
    profile = performance_profile(cells(opposite, joint=True), [-1.0, 0.0, 3.0, 4.0])
    assert profile.share == (1.0, 0.5, 0.5, 0.0)
    assert profile.low == profile.high == profile.share
    apart = performance_profile(cells(opposite), [0.0])
    assert (apart.low, apart.high) == ((0.0,), (1.0,))  # in one of sixteen resamples both are 0
    single = performance_profile(cells(opposite[:1]), [0.0])
    assert (single.share, single.low, single.high) == ((0.5,), None, None)
    assert single.as_json() == {"share": [0.5], "low": None, "high": None}


def test_scores_need_a_cell() -> None:
    with pytest.raises(ValueError, match="there are no cells"):
        CellScores([])
