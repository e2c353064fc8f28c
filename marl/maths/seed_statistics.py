"""Statistics over a few training seeds: interquartile means, ratios and their intervals.

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

from marl.maths.intervals import Estimate, Over, bootstrap_mean

__all__ = [
    "difference",
    "interquartile_curve",
    "interquartile_mean",
    "normalised_score",
    "probability_of_improvement",
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
    interval = _interval([means], lambda sample, axis: interquartile_mean(sample, axis), seed, resamples)
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
    result = stats.bootstrap(
        (values,),
        lambda sample, axis: interquartile_mean(sample, axis),
        axis=0,
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, BATCH_ELEMENTS // values.size),
        method="percentile",
        random_state=np.random.default_rng(seed),
    )
    return middle, np.asarray(result.confidence_interval.low), np.asarray(result.confidence_interval.high)


def normalised_score(
    frozen: Sequence[NDArray[Any]], native: Sequence[NDArray[Any]], seed: int = 0, resamples: int = RESAMPLES
) -> Estimate:
    """Score of a transferred team divided by that of teams trained in the same cell.

    In each cell the scores of the frozen seeds are divided by the interquartile mean of the native
    ones; the value is the interquartile mean of the quotients of all cells together. For one cell
    this is the zero-shot ratio ``IQM(frozen) / IQM(native)``. The same frozen seeds play in every
    cell, and a good seed is good in all of them, so a resample draws seeds with their scores in
    all cells. Natives of each cell are other runs and are resampled alone. If a side has only
    one seed, the episodes of every seed are resampled in place of the seeds.

    Args:
        frozen: for each cell ``[S, E]``, the same seeds in the same order.
        native: for each cell ``[S, E]``; the number of seeds may differ.
        seed: of the resampling.
        resamples: number of samples drawn.

    Returns:
        No value if natives of a cell have a score of zero or below; no interval if those of a resample have.

    Raises:
        ValueError: if there is no cell, the numbers of cells differ, or frozen cells differ in the number of seeds.
    """
    if not frozen or len(frozen) != len(native):
        raise ValueError(f"{len(frozen)} cells of frozen and {len(native)} of native scores; give both for each cell")
    sides = [np.asarray(cell, dtype=np.float64) for cell in (*frozen, *native)]  # frozen cells, then native ones
    sizes = [len(cell) for cell in sides]
    if len(set(sizes[: len(frozen)])) > 1:
        raise ValueError(f"frozen cells have {sizes[: len(frozen)]} seeds; give the same seeds in each cell")
    counts = {"seeds": sizes[0], "native_seeds": min(sizes[len(frozen) :])}
    means = [cell.mean(-1) for cell in sides]
    value = float(_normalise(means, -1))
    # a side with one seed has no spread over seeds to resample; resampling the other side alone would give too narrow
    # an interval, so both sides fall back to their episodes
    over: Over = "seeds" if min(sizes) > 1 else "episodes"
    if not np.isfinite(value):
        return Estimate(None, None, over, counts=counts)
    if over == "seeds":
        return Estimate(value, _interval_over_seeds(means, seed, resamples), over, counts=counts)
    edges = np.cumsum(sizes)[:-1]  # where one cell's seeds end and the next cell's begin

    def over_episodes(*rows: Values, axis: int) -> Values:
        means = np.stack([row.mean(axis) for row in rows], -1)  # [..., seeds of all cells]
        return _normalise(np.split(means, edges, -1), -1)

    rows = [row for cell in sides for row in cell]  # each seed's episodes are a sample of their own
    return Estimate(value, _interval(rows, over_episodes, seed, resamples), over, counts=counts)


def _interval_over_seeds(means: Sequence[Values], seed: int, resamples: int) -> tuple[float, float] | None:
    """Interval of `_normalise`, with the frozen seeds drawn jointly for all cells."""
    frozen, native = means[: len(means) // 2], means[len(means) // 2 :]

    # scipy draws each sample alone; it is given the indices of the seeds, to be looked up in every cell, so that a
    # drawn seed has its own scores in all cells
    def over_seeds(drawn: Values, *natives: Values, axis: int) -> Values:
        return _normalise([*(scores[drawn.astype(np.intp)] for scores in frozen), *natives], axis)

    return _interval([np.arange(len(frozen[0]), dtype=np.float64), *native], over_seeds, seed, resamples)


def _normalise(samples: Sequence[Values], axis: int) -> Values:
    """Interquartile mean over all cells of frozen scores divided by the cell's native one.

    Args:
        samples: frozen cells, then as many native ones, each ``[..., S, ...]``.
        axis: axis of the seeds.
    """
    half = len(samples) // 2
    natives = [interquartile_mean(native, axis) for native in samples[half:]]
    # natives that score zero give inf or nan, which callers report as no value or no interval; so must those that score
    # below: a team that loses twice as much would seem twice as good
    with np.errstate(divide="ignore", invalid="ignore"):
        cells = [
            frozen / np.expand_dims(np.where(native < 0, np.nan, native), axis)
            for frozen, native in zip(samples[:half], natives, strict=True)
        ]
    return interquartile_mean(np.concatenate(cells, axis), axis)


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

    return _of_two(first, second, statistic, seed, resamples)


def probability_of_improvement(
    first: NDArray[Any], second: NDArray[Any], seed: int = 0, resamples: int = RESAMPLES
) -> Estimate:
    """Probability that a seed of the first kind scores above one of the second.

    ``P = mean over pairs of [x > y] + [x = y] / 2``, the Mann-Whitney statistic over the number of
    pairs. Each kind is resampled alone.

    Args:
        first: ``[S]``, scores.
        second: ``[S]``, scores; the number of seeds may differ.
        seed: of the resampling.
        resamples: number of samples drawn.

    Returns:
        The probability; without an interval if a side has fewer than two seeds.
    """
    return _of_two(first, second, _above, seed, resamples)


def _of_two(
    first: NDArray[Any], second: NDArray[Any], statistic: Callable[..., Values], seed: int, resamples: int
) -> Estimate:
    """Statistic of two kinds, each of which is resampled alone."""
    x, y = (np.asarray(scores, dtype=np.float64) for scores in (first, second))
    counts = {"seeds": len(x), "native_seeds": len(y)}
    return Estimate(float(statistic(x, y, -1)), _interval([x, y], statistic, seed, resamples), "seeds", counts=counts)


def _above(x: Values, y: Values, axis: int) -> Values:
    """Share of pairs in which ``x`` is above ``y``, ties as half, with the seeds along ``axis``."""
    # an axis for each side's seeds, so that broadcasting compares all pairs within each resample
    x, y = np.moveaxis(x, axis, -1)[..., :, None], np.moveaxis(y, axis, -1)[..., None, :]
    return ((x > y) + 0.5 * (x == y)).mean((-2, -1))


def range_coverage(seeds: int) -> float:
    """Probability that the range of ``n`` seeds holds the median of all seeds: ``1 - 2^(1 - n)``.

    All ``n`` lie on the same side of the median with probability ``2 / 2^n``. No percentile interval reaches beyond
    the range, so none covers more.
    """
    return 1 - 2.0 ** (1 - seeds)


def _interval(
    samples: Sequence[Values], statistic: Callable[..., Values], seed: int, resamples: int
) -> tuple[float, float] | None:
    if min(len(sample) for sample in samples) < 2:
        return None
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)  # a resample without a quotient, handled below
        result = stats.bootstrap(
            tuple(samples),
            statistic,
            vectorized=True,
            paired=False,
            n_resamples=resamples,
            batch=max(1, BATCH_ELEMENTS // sum(len(sample) for sample in samples)),
            method="percentile",
            random_state=np.random.default_rng(seed),
        )
    low, high = float(result.confidence_interval.low), float(result.confidence_interval.high)
    # a resample whose natives score zero has no quotient; leaving it out would hide the worst case
    return (low, high) if np.isfinite(low) and np.isfinite(high) else None
