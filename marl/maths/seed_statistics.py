"""How sure a few training seeds make us: interquartile means, ratios and intervals.

Source: Agarwal et al., "Deep Reinforcement Learning at the Edge of the Statistical Precipice",
NeurIPS 2021 (https://arxiv.org/abs/2108.13264), whose library rliable gives the same numbers.
All resampling is ``scipy.stats.bootstrap`` with percentile intervals.

Axes: ``S`` training seeds, ``E`` episodes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from marl.maths.intervals import bootstrap_mean

__all__ = [
    "Aggregate",
    "interquartile_curve",
    "interquartile_mean",
    "interval_of",
    "normalised_score",
    "probability_of_improvement",
    "range_coverage",
    "score",
]

Values = NDArray[np.float64]
Over = Literal["seeds", "episodes"]

RESAMPLES = 5000
BATCH_ELEMENTS = 4_000_000
"""Largest number of resampled values held at once."""


@dataclass(frozen=True)
class Aggregate:
    """A number with its interval, and what the interval is over.

    Args:
        value: the number, or None if it cannot be given.
        ci95: lower and upper end of the 95 % interval, or None if none can be given.
        over: what was resampled: training seeds, or, where there is but one, episodes.
        counts: how many training seeds it rests on, by name.
    """

    value: float | None
    ci95: tuple[float, float] | None
    over: Over
    counts: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON; the name of the interval says what it is over."""
        interval = None if self.ci95 is None else list(self.ci95)
        return {"value": self.value, f"ci95_over_{self.over}": interval, **self.counts}


def interval_of(estimate: Mapping[str, Any]) -> tuple[tuple[float, float] | None, str]:
    """The interval of what `Aggregate.as_dict` gave, and what it is over."""
    name = next(key for key in estimate if key.startswith("ci95_over_"))
    interval = estimate[name]
    return None if interval is None else (interval[0], interval[1]), name.removeprefix("ci95_over_")


def interquartile_mean(values: NDArray[Any], axis: int = -1) -> Any:
    """The mean of what is left when a quarter of the values, rounded down, is cut at each end.

    Up to three values nothing is cut: it is their mean.

    Args:
        values: any shape.
        axis: that it is taken over.
    """
    if values.shape[axis] < 4:  # scipy takes a slow path for a single value
        return values.mean(axis)
    return stats.trim_mean(values, 0.25, axis=axis)


def score(episodes: Sequence[NDArray[Any]], seed: int = 0, resamples: int = RESAMPLES) -> Aggregate:
    """The interquartile mean of seeds, each of which has the mean of its episodes as score.

    The interval is over seeds; for a single one it is over its episodes, and of its mean.

    Args:
        episodes: for each training seed ``[E]``, which may differ in length. Seeds without
            episodes are left out.
        seed: of the resampling.
        resamples: how many samples to draw.
    """
    known = [np.asarray(values, dtype=np.float64) for values in episodes if len(values)]
    counts = {"seeds": len(known)}
    if len(known) < 2:
        single = bootstrap_mean(known[0] if known else [], seed)
        return Aggregate(single.mean, single.ci95, "episodes", counts)
    means = np.array([values.mean() for values in known])
    interval = _interval([means], lambda sample, axis: interquartile_mean(sample, axis), seed, resamples)
    return Aggregate(float(interquartile_mean(means)), interval, "seeds", counts)


def interquartile_curve(
    values: NDArray[Any], seed: int = 0, resamples: int = RESAMPLES
) -> tuple[Values, Values | None, Values | None]:
    """The interquartile mean of seeds at each of ``G`` places, and the ends of its 95 % interval over seeds.

    Whole seeds are resampled; the interval holds at each place by itself.

    Args:
        values: ``[S, G]``.
        seed: of the resampling.
        resamples: how many samples to draw.

    Returns:
        Each ``[G]``; both ends are None for a single seed.
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
) -> Aggregate:
    """How much of what was trained there a team attains that was trained elsewhere.

    In each cell the scores of the frozen seeds are divided by the interquartile mean of the native
    ones; the value is the interquartile mean of the quotients of all cells together. For one cell
    this is the zero-shot ratio ``IQM(frozen) / IQM(native)``. The same frozen seeds play in every
    cell, and one that is good is good in all of them, so a resample draws seeds with the scores of
    all cells. Natives of each cell are other runs and are resampled by themselves. If there is but
    one seed on a side, the episodes of every seed are resampled in place of the seeds.

    Args:
        frozen: for each cell ``[S, E]``, the same seeds in the same order.
        native: for each cell ``[S, E]``; other numbers of seeds are allowed.
        seed: of the resampling.
        resamples: how many samples to draw.

    Returns:
        No value if natives of a cell have a score of zero; no interval if some resample has.

    Raises:
        ValueError: if there is no cell, the two differ in their number, or frozen cells in that of seeds.
    """
    if not frozen or len(frozen) != len(native):
        raise ValueError(f"{len(frozen)} cells of frozen and {len(native)} of native scores; give both for each cell")
    sides = [np.asarray(cell, dtype=np.float64) for cell in (*frozen, *native)]
    sizes = [len(cell) for cell in sides]
    if len(set(sizes[: len(frozen)])) > 1:
        raise ValueError(f"frozen cells have {sizes[: len(frozen)]} seeds; give the same seeds in each cell")
    counts = {"seeds": sizes[0], "native_seeds": min(sizes[len(frozen) :])}
    means = [cell.mean(-1) for cell in sides]
    value = float(_normalise(means, -1))
    over: Over = "seeds" if min(sizes) > 1 else "episodes"
    if not np.isfinite(value):
        return Aggregate(None, None, over, counts)
    if over == "seeds":
        return Aggregate(value, _interval_over_seeds(means, seed, resamples), over, counts)
    edges = np.cumsum(sizes)[:-1]

    def over_episodes(*rows: Values, axis: int) -> Values:
        means = np.stack([row.mean(axis) for row in rows], -1)  # [..., seeds of all cells]
        return _normalise(np.split(means, edges, -1), -1)

    rows = [row for cell in sides for row in cell]
    return Aggregate(value, _interval(rows, over_episodes, seed, resamples), over, counts)


def _interval_over_seeds(means: Sequence[Values], seed: int, resamples: int) -> tuple[float, float] | None:
    """Of `_normalise`, the frozen seeds drawn jointly for all cells: what is resampled are their indices."""
    frozen, native = means[: len(means) // 2], means[len(means) // 2 :]

    def over_seeds(drawn: Values, *natives: Values, axis: int) -> Values:
        return _normalise([*(scores[drawn.astype(np.intp)] for scores in frozen), *natives], axis)

    return _interval([np.arange(len(frozen[0]), dtype=np.float64), *native], over_seeds, seed, resamples)


def _normalise(samples: Sequence[Values], axis: int) -> Values:
    half = len(samples) // 2
    with np.errstate(divide="ignore", invalid="ignore"):
        cells = [
            frozen / np.expand_dims(interquartile_mean(native, axis), axis)
            for frozen, native in zip(samples[:half], samples[half:], strict=True)
        ]
    return interquartile_mean(np.concatenate(cells, axis), axis)


def probability_of_improvement(
    first: NDArray[Any], second: NDArray[Any], seed: int = 0, resamples: int = RESAMPLES
) -> Aggregate:
    """How probable it is that a seed of the first kind scores above one of the second.

    ``P = mean over pairs of [x > y] + [x = y] / 2``, the Mann-Whitney statistic over the number of
    pairs. Both are resampled by themselves.

    Args:
        first: ``[S]``, scores.
        second: ``[S]``, may be another number.
        seed: of the resampling.
        resamples: how many samples to draw.

    Returns:
        Without an interval if a side has fewer than two seeds.
    """
    x, y = (np.asarray(scores, dtype=np.float64) for scores in (first, second))
    counts = {"seeds": len(x), "native_seeds": len(y)}
    return Aggregate(float(_above(x, y, -1)), _interval([x, y], _above, seed, resamples), "seeds", counts)


def _above(x: Values, y: Values, axis: int) -> Values:
    x, y = np.moveaxis(x, axis, -1)[..., :, None], np.moveaxis(y, axis, -1)[..., None, :]
    return ((x > y) + 0.5 * (x == y)).mean((-2, -1))


def range_coverage(seeds: int) -> float:
    """How often the range from the lowest to the highest of ``n`` seeds holds the median of all: ``1 - 2^(1 - n)``.

    No percentile interval reaches beyond that range, so none covers more.
    """
    return 1 - 2.0 ** (1 - seeds)


def _interval(
    samples: Sequence[Values], statistic: Callable[..., Values], seed: int, resamples: int
) -> tuple[float, float] | None:
    if min(len(sample) for sample in samples) < 2:
        return None
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)  # a resample without a score: told below
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
    return (low, high) if np.isfinite(low) and np.isfinite(high) else None
