from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from marl.maths.intervals import Estimate
from marl.maths.seed_statistics import (
    difference,
    interquartile_mean,
    normalised_score,
    probability_of_improvement,
    range_coverage,
    score,
)

FROZEN = np.array([[10.0, 20, 31], [12, 22, 30], [11, 27, 35], [15, 21, 38], [9, 24, 33]])
NATIVE = np.array([[11.0, 18, 33], [13, 19, 29], [8, 25, 36], [12, 17, 31]])
"""``[seeds, cells]``. Expected values named rliable: rliable 1.2.0 with 50,000 resamples (its library and metrics)."""

RATIOS = [(0, 11 / 11.5, 0.79487, 1.41667), (1, 1.20721, 0.89333, 1.42124)]
"""rliable, ``StratifiedIndependentBootstrap`` of a quotient of two ``aggregate_iqm``: cell, value, low, high."""
IMPROVEMENTS = [(0, 0.5, 0.075, 0.875), (1, 0.8, 0.4, 1.0)]
"""rliable, ``probability_of_improvement`` with 5,000 resamples."""


def seeds(scores: np.ndarray) -> list[np.ndarray]:
    """Each seed's score as its only episode."""
    return [np.array([value]) for value in scores]


def test_the_interquartile_mean_by_hand() -> None:
    assert interquartile_mean(np.array([9.0, 10, 11, 12, 15])) == 11.0  # one of five is cut at each end
    assert interquartile_mean(np.array([100.0, 1, 2, 3, -50, 4, 5, 6])) == 3.5  # two of eight
    assert interquartile_mean(np.array([0.0, 0, 9])) == 3.0  # none of three
    assert interquartile_mean(np.array([[1.0, 2, 3, 94], [0, 0, 0, 0]]), 1).tolist() == [2.5, 0.0]
    assert interquartile_mean(np.array([[1.0, 2], [3, 4]]), 0).tolist() == [2.0, 3.0]


def test_a_score_and_its_interval_over_seeds_as_rliable_gives_them() -> None:
    result = score(seeds(FROZEN[:, 0]), resamples=50_000)
    assert result.value == 11.0
    assert result.ci95 == pytest.approx((9.33333, 14.0), abs=1e-4)
    assert (result.over, result.counts) == ("seeds", {"seeds": 5})


def test_a_seed_counts_once_however_many_episodes_it_has() -> None:
    assert score([np.array([1.0, 3.0]), np.full(50, 6.0)]).value == 4.0


def test_one_seed_has_an_interval_over_episodes_and_says_so() -> None:
    result = score([np.arange(100.0)])
    assert result.value == 49.5
    assert result.ci95 == pytest.approx((49.5 - 1.96 * 2.901, 49.5 + 1.96 * 2.901), abs=0.5)  # 29.01 / sqrt(100)
    assert list(result.as_json()) == ["value", "ci95_over_episodes", "seeds"]


def test_seeds_without_episodes_are_left_out() -> None:
    nothing = np.zeros(0)
    assert score([nothing, nothing]) == Estimate(None, None, "episodes", counts={"seeds": 0})
    result = score([nothing, np.array([2.0]), np.array([4.0])])
    assert (result.value, result.counts) == (3.0, {"seeds": 2})


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
    below = normalised_score([-some], [-some])  # twice the loss is not twice as good
    assert (below.value, below.ci95) == (None, None)


def test_as_many_cells_of_natives_as_of_frozen_are_needed() -> None:
    with pytest.raises(ValueError, match="1 cells of frozen and 0 of native"):
        normalised_score([np.ones((2, 1))], [])
    with pytest.raises(ValueError, match=r"frozen cells have \[2, 3\] seeds"):
        normalised_score([np.ones((2, 1)), np.ones((3, 1))], [np.ones((2, 1))] * 2)


@pytest.mark.parametrize(("cell", "value", "low", "high"), IMPROVEMENTS)
def test_the_probability_of_improvement_as_rliable_gives_it(cell: int, value: float, low: float, high: float) -> None:
    result = probability_of_improvement(FROZEN[:, cell], NATIVE[:, cell])
    assert result.value == pytest.approx(value)
    assert result.value == stats.mannwhitneyu(FROZEN[:, cell], NATIVE[:, cell]).statistic / 20
    assert result.ci95 == pytest.approx((low, high), abs=0.051)  # it moves in steps of a twentieth


def test_equal_scores_count_half_and_a_single_seed_has_no_interval() -> None:
    result = probability_of_improvement(np.array([1.0]), np.array([0.0, 1.0, 2.0, 3.0]))
    assert (result.value, result.ci95) == (0.375, None)  # (1 + 1/2) / 4


def test_a_difference_is_that_of_interquartile_means_each_kind_resampled_alone() -> None:
    """Means 11 and 3 by hand; of constant scores nothing is left to chance."""
    result = difference(np.array([9.0, 10, 11, 12, 15]), np.array([0.0, 0, 9]))
    assert result.value == 8.0
    assert result.ci95 is not None and 0 < result.ci95[0] < 8 < result.ci95[1] < 15
    assert difference(np.array([5.0, 5.0]), np.array([2.0, 2.0, 2.0])).ci95 == (3.0, 3.0)
    assert difference(np.array([5.0]), np.array([2.0, 3.0])).ci95 is None


def test_the_seed_decides_and_the_global_generator_is_left_alone() -> None:
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    values = np.random.default_rng(3).normal(size=7)
    assert score(seeds(values), seed=1, resamples=50) == score(seeds(values), seed=1, resamples=50)
    assert score(seeds(values), seed=1, resamples=50) != score(seeds(values), seed=2, resamples=50)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_how_often_the_range_of_few_seeds_holds_the_median() -> None:
    """All n lie below the median, or all above, with probability 2 / 2^n."""
    assert [range_coverage(n) for n in (2, 3, 5)] == [0.5, 0.75, 0.9375]
