from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from marl.maths.intervals import Estimate, bootstrap_mean, wilson_interval


def test_mean_and_interval_of_a_large_normal_sample() -> None:
    """The interval of a large sample is mean -+ 1.96 s / sqrt(n)."""
    sample = np.random.default_rng(0).normal(5.0, 2.0, 4000)
    estimate = bootstrap_mean(sample)
    half = 1.96 * sample.std(ddof=1) / np.sqrt(len(sample))
    assert estimate.value == pytest.approx(sample.mean())
    assert estimate.ci95 is not None
    assert estimate.ci95 == pytest.approx((sample.mean() - half, sample.mean() + half), abs=0.1 * half)


@pytest.mark.parametrize(
    ("draw", "truth"),
    [
        (lambda generator: generator.normal(3.0, 1.0, 40), 3.0),
        (lambda generator: generator.exponential(2.0, 60), 2.0),
        (lambda generator: (generator.random(80) < 0.3).astype(float), 0.3),
    ],
    ids=["normal", "exponential", "share"],
)
def test_the_interval_covers_the_true_mean_about_95_times_in_100(
    draw: Callable[[np.random.Generator], np.ndarray], truth: float
) -> None:
    trials, covered, below, above = 300, 0, 0, 0
    generator = np.random.default_rng(7)
    for trial in range(trials):
        low, high = bootstrap_mean(draw(generator), seed=trial, resamples=600).ci95 or (np.nan, np.nan)
        covered += low <= truth <= high
        below, above = below + (truth < low), above + (truth > high)
    assert 0.90 <= covered / trials <= 0.985  # standard error 0.0126; small samples err to the narrow side
    assert below > 0  # it errs on both sides: neither end is stretched
    assert above > 0


def test_skewed_values_get_an_interval_that_leans_to_the_tail() -> None:
    sample = np.random.default_rng(1).lognormal(0.0, 1.0, 40)
    estimate = bootstrap_mean(sample)
    assert estimate.value is not None
    assert estimate.ci95 is not None
    assert estimate.ci95[1] - estimate.value > 1.5 * (estimate.value - estimate.ci95[0])  # percentiles alone: 1.2


def test_the_seed_decides() -> None:
    sample = np.random.default_rng(2).normal(size=50)
    assert bootstrap_mean(sample, seed=1) == bootstrap_mean(sample, seed=1)
    assert bootstrap_mean(sample, seed=1) != bootstrap_mean(sample, seed=2)


def test_the_global_generator_is_left_alone() -> None:
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    bootstrap_mean([1.0, 2.0, 4.0])
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], Estimate(None, None)),
        ([2.5], Estimate(2.5, None)),
        ([0.1, 0.1, 0.1], Estimate(0.1, (0.1, 0.1))),
        ([0, 0], Estimate(0.0, (0.0, 0.0))),
    ],
    ids=["empty", "one", "constant", "integers"],
)
def test_samples_without_spread(values: list[float], expected: Estimate) -> None:
    assert bootstrap_mean(values) == expected


def test_two_values_bound_their_interval() -> None:
    estimate = bootstrap_mean([1.0, 3.0])
    assert estimate.value == 2.0
    assert estimate.ci95 == (1.0, 3.0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, float("nan")], "value 1 is nan"),
        ([float("inf"), 1.0], "value 0 is inf"),
        ([[1.0], [2.0]], r"shape \(2, 1\)"),
    ],
)
def test_bad_values_are_refused(values: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bootstrap_mean(values)


def test_no_resamples_are_refused() -> None:
    with pytest.raises(ValueError, match="resamples is 0"):
        bootstrap_mean([1.0, 2.0], resamples=0)


def test_means_over_episodes_and_values_over_seeds_have_json_of_their_own() -> None:
    known = Estimate(1.5, (1.0, 2.0), "seeds", (-3.0, 4.0), {"seeds": 3})
    assert list(known.mean_as_json().items()) == [
        ("mean", 1.5),
        ("ci95", [1.0, 2.0]),
        ("minimum", -3.0),
        ("maximum", 4.0),
    ]
    assert list(known.as_json().items()) == [("value", 1.5), ("ci95_over_seeds", [1.0, 2.0]), ("seeds", 3)]
    unknown = Estimate(None, None)
    assert unknown.mean_as_json() == {"mean": None, "ci95": None}
    assert unknown.as_json() == {"value": None, "ci95_over_episodes": None}


@pytest.mark.parametrize("estimate", [Estimate(1.0, (0.5, 2.0), "seeds"), Estimate(None, None), Estimate(2.0, None)])
def test_an_estimate_is_found_again_in_json(estimate: Estimate) -> None:
    assert Estimate.from_json(json.loads(json.dumps(estimate.as_json()))) == estimate


@pytest.mark.parametrize(
    ("points", "games", "interval"),
    [(81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605)), (0, 20, (0.0, 0.1611)), (1, 29, (0.0061, 0.1718))],
)
def test_wilson_intervals_are_those_of_newcombe(points: int, games: int, interval: tuple[float, float]) -> None:
    """Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    assert wilson_interval(points, games) == pytest.approx(interval, abs=5e-5)
    low, high = wilson_interval(games - points, games)
    assert (1 - high, 1 - low) == pytest.approx(interval, abs=5e-5)


def test_wilson_takes_half_points_and_no_impossible_ones() -> None:
    low, high = wilson_interval(2.5, 5)
    assert low == pytest.approx(1 - high)
    assert wilson_interval(2, 5)[0] < low < wilson_interval(3, 5)[0]
    for games in range(1, 200):
        assert wilson_interval(0, games)[0] == 0.0
        assert wilson_interval(games, games)[1] == 1.0
    for points, games in ((0, 0), (-1, 5), (5.5, 5)):
        with pytest.raises(ValueError, match=f"{points} of {games}: give at least one game"):
            wilson_interval(points, games)
