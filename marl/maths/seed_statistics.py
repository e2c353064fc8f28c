"""Statistics over a few training seeds: interquartile means, differences and their intervals.

Source: Agarwal et al., "Deep Reinforcement Learning at the Edge of the Statistical Precipice",
NeurIPS 2021 (https://arxiv.org/abs/2108.13264), whose library rliable gives the same numbers.
All resampling is ``scipy.stats.bootstrap`` with percentile intervals.

Training seeds are the independent units: episodes of one seed share its policy, so they tell how good that policy is,
and nothing about another seed, however many are played. Each `Estimate` states
whether its interval is over seeds or episodes.

Axes: ``S`` training seeds, ``E`` episodes, ``G`` places along training.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from marl.maths.intervals import Estimate, bootstrap_mean

__all__ = [
    "bootstrap_ends",
    "bootstrap_interval",
    "difference",
    "interquartile_curve",
    "interquartile_mean",
    "range_coverage",
    "score",
]

Values = NDArray[np.float64]

RESAMPLES = 5000
BATCH_ELEMENTS = 4_000_000
"""Largest number of resampled values in memory at once."""


def interquartile_mean(values: NDArray[Any], axis: int = -1) -> Any:
    """Mean without the lowest and the highest quarter of the values, each rounded down.

    Up to three values nothing is cut, so it is their mean.

    Args:
        values: any shape.
        axis: axis of the mean.
    """
    if values.shape[axis] < 4:  # scipy takes a slow path for a single value
        return values.mean(axis)
    return stats.trim_mean(values, 0.25, axis=axis)


def score(episodes: Sequence[NDArray[Any]], seed: int = 0, resamples: int = RESAMPLES) -> Estimate:
    """Interquartile mean over seeds of the mean over each seed's episodes.

    The interval is over seeds. For a single seed it is over its episodes, and the value is their mean.

    Args:
        episodes: for each training seed ``[E]``, which may differ in length. Seeds without
            episodes are left out.
        seed: of the resampling.
        resamples: number of samples drawn.
    """
    known = [np.asarray(values, dtype=np.float64) for values in episodes if len(values)]
    counts = {"seeds": len(known)}
    if len(known) < 2:
        single = bootstrap_mean(known[0] if known else [], seed)
        return replace(single, counts=counts)
    # a seed counts once, however many episodes it has: its episodes share one policy and are not independent
    means = np.array([values.mean() for values in known])
    interval = bootstrap_interval([means], lambda sample, axis: interquartile_mean(sample, axis), seed, resamples)
    return Estimate(float(interquartile_mean(means)), interval, "seeds", counts=counts)


def interquartile_curve(
    values: NDArray[Any], seed: int = 0, resamples: int = RESAMPLES
) -> tuple[Values, Values | None, Values | None]:
    """Interquartile mean over seeds at each of ``G`` places, with its 95 % interval over seeds.

    Whole seeds are resampled, since the points of one curve depend on each other. The interval holds at each
    place alone, and no curve need lie in the band at all places.

    Args:
        values: ``[S, G]``.
        seed: of the resampling.
        resamples: number of samples drawn.

    Returns:
        Mean, lower and upper end, each ``[G]``; both ends are None for a single seed.
    """
    values = np.asarray(values, dtype=np.float64)
    middle = np.asarray(interquartile_mean(values, 0))
    if len(values) < 2:
        return middle, None, None
    return middle, *bootstrap_ends([values.T], lambda sample, axis: interquartile_mean(sample, axis), seed, resamples)


def difference(first: NDArray[Any], second: NDArray[Any], seed: int = 0, resamples: int = RESAMPLES) -> Estimate:
    """Interquartile mean over the seeds of the first kind minus that of the second; each is resampled alone.

    Args:
        first: ``[S]``, scores.
        second: ``[S]``, scores; the number of seeds may differ.
        seed: of the resampling.
        resamples: number of samples drawn.

    Returns:
        The difference; without an interval if a side has fewer than two seeds.
    """

    def statistic(x: Values, y: Values, axis: int) -> Values:
        return interquartile_mean(x, axis) - interquartile_mean(y, axis)

    x, y = (np.asarray(scores, dtype=np.float64) for scores in (first, second))
    counts = {"seeds": len(x), "other_seeds": len(y)}
    interval = bootstrap_interval([x, y], statistic, seed, resamples)
    return Estimate(float(statistic(x, y, -1)), interval, "seeds", counts=counts)


def range_coverage(seeds: int) -> float:
    """Probability that the range of ``n`` seeds holds the median of all seeds: ``1 - 2^(1 - n)``.

    All ``n`` lie on the same side of the median with probability ``2 / 2^n``. No percentile interval reaches beyond
    the range, so none covers more.
    """
    return 1 - 2.0 ** (1 - seeds)


def bootstrap_interval(
    samples: Sequence[Values], statistic: Callable[..., Values], seed: int, resamples: int
) -> tuple[float, float] | None:
    """95 % percentile interval of one number, see `bootstrap_ends`.

    Returns:
        None if a sample has fewer than two values, or an end is not finite.
    """
    if min(sample.shape[-1] for sample in samples) < 2:
        return None
    low, high = map(float, bootstrap_ends(samples, statistic, seed, resamples))
    # a resample whose natives score zero has no quotient; leaving it out would hide the worst case
    return (low, high) if np.isfinite(low) and np.isfinite(high) else None


def bootstrap_ends(
    samples: Sequence[Values], statistic: Callable[..., Values], seed: int, resamples: int
) -> tuple[Values, Values]:
    """Ends of the 95 % percentile interval of a statistic of several samples, each of which is resampled alone.

    Args:
        samples: each ``[..., S]``, at least two independent values along the last axis; one draw serves all before it.
        statistic: of resamples ``[..., R, S]`` of each sample and the axis of their values; returns ``[..., R]``.
        seed: of the resampling.
        resamples: number of samples drawn, ``R``.

    Returns:
        Lower and upper ends, each ``[...]``.
    """
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)  # a resample without a quotient: an end is nan
        result = stats.bootstrap(
            tuple(samples),
            statistic,
            axis=-1,
            vectorized=True,
            paired=False,
            n_resamples=resamples,
            batch=max(1, BATCH_ELEMENTS // sum(sample.size for sample in samples)),
            method="percentile",
            random_state=np.random.default_rng(seed),
        )
    return np.asarray(result.confidence_interval.low), np.asarray(result.confidence_interval.high)
