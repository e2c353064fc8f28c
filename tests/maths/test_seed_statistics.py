from __future__ import annotations

import numpy as np
import pytest

from marl.maths.intervals import Estimate
from marl.maths.seed_statistics import (
    difference,
    interquartile_mean,
    range_coverage,
    score,
)

FROZEN = np.array([[10.0, 20, 31], [12, 22, 30], [11, 27, 35], [15, 21, 38], [9, 24, 33]])
"""``[seeds, cells]``. Expected values named rliable: rliable 1.2.0 with 50,000 resamples (its library and metrics)."""


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
