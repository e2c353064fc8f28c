"""Statistics of training seeds over several cells: normalised scores, probability of improvement, performance profiles.

A cell is what rliable calls a task. Source: Agarwal et al., "Deep Reinforcement Learning at the Edge of the
Statistical Precipice", NeurIPS 2021 (https://arxiv.org/abs/2108.13264). Intervals are those of its stratified
bootstrap: seeds are drawn anew within each cell, and the cells stay. Where the same runs play in all cells, a drawn
seed is taken with all its scores, since a good seed is good in each of them.

Axes: ``S`` training seeds, ``E`` episodes, ``M`` cells, ``G`` thresholds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marl.maths.intervals import Estimate, Over
from marl.maths.seed_statistics import RESAMPLES, bootstrap_ends, bootstrap_interval, interquartile_mean

__all__ = [
    "CellScores",
    "PerformanceProfile",
    "normalised_score",
    "performance_profile",
    "probability_of_improvement",
]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class CellScores:
    """Scores of training seeds in each cell, and how a bootstrap draws them.

    Args:
        cells: for each of ``M`` cells ``[S]``.
        joint: True if the same runs play in every cell, in the same order: a drawn seed has its scores in all cells.
            False if each cell has runs of its own, e.g. natives: seeds of each cell are drawn by themselves.

    Raises:
        ValueError: if there is no cell, or joint cells differ in the number of seeds.
    """

    cells: Sequence[Values]
    joint: bool = False

    def __post_init__(self) -> None:
        sizes = [len(cell) for cell in self.cells]
        if not sizes:
            raise ValueError("there are no cells; give the scores of each seed in at least one")
        if self.joint and len(set(sizes)) > 1:
            raise ValueError(f"joint cells have {sizes} seeds; give the same seeds in each cell")

    @property
    def seeds(self) -> int:
        """Smallest number of seeds in a cell."""
        return min(len(cell) for cell in self.cells)

    @property
    def samples(self) -> list[Values]:
        """Samples that are drawn independently: places of the seeds, or the scores of each cell."""
        return [np.arange(self.seeds, dtype=np.float64)] if self.joint else list(self.cells)

    def of(self, drawn: Iterator[Values]) -> list[Values]:
        """Scores of each cell ``[..., S]``, from as many drawn samples as there are in `samples`."""
        if not self.joint:
            return [next(drawn) for _ in self.cells]
        places = next(drawn).astype(np.intp)
        return [cell[places] for cell in self.cells]


def normalised_score(
    frozen: Sequence[NDArray[Any]],
    native: Sequence[NDArray[Any]],
    seed: int = 0,
    resamples: int = RESAMPLES,
    joint: bool = True,
) -> Estimate:
    """Score of a transferred team divided by that of teams trained in the same cell.

    In each cell the scores of the frozen seeds are divided by the interquartile mean of the native
    ones; the value is the interquartile mean of the quotients of all cells together. For one cell
    this is the zero-shot ratio ``IQM(frozen) / IQM(native)``. Natives of each cell are other runs and are resampled
    alone. If a side has only one seed, the episodes of every seed are resampled in place of the seeds.

    Args:
        frozen: for each cell ``[S, E]``.
        native: for each cell ``[S, E]``; the number of seeds may differ.
        seed: of the resampling.
        resamples: number of samples drawn.
        joint: True if the frozen seeds are the same runs in each cell, see `CellScores`.

    Returns:
        No value if natives of a cell have a score of zero or below; no interval if those of a resample have.

    Raises:
        ValueError: if there is no cell, the numbers of cells differ, or joint cells differ in the number of seeds.
    """
    _check_cells(frozen, native)
    sides = [np.asarray(cell, dtype=np.float64) for cell in (*frozen, *native)]  # frozen cells, then native ones
    means = [cell.mean(-1) for cell in sides]
    scores = CellScores(means[: len(frozen)], joint), CellScores(means[len(frozen) :])
    counts = {"seeds": scores[0].seeds, "native_seeds": scores[1].seeds}
    value = float(_normalise(scores[0].cells, scores[1].cells, -1))
    # a side with one seed has no spread over seeds to resample; resampling the other side alone would give too narrow
    # an interval, so both sides fall back to their episodes
    over: Over = "seeds" if min(counts.values()) > 1 else "episodes"
    if not np.isfinite(value):
        return Estimate(None, None, over, counts=counts)
    if over == "seeds":
        return Estimate(value, _interval(scores, _normalise, seed, resamples), over, counts=counts)
    edges = np.cumsum([len(cell) for cell in sides])[:-1]  # where one cell's seeds end and the next cell's begin

    def over_episodes(*rows: Values, axis: int) -> Values:
        means = np.stack([row.mean(axis) for row in rows], -1)  # [..., seeds of all cells]
        cells = np.split(means, edges, -1)
        return _normalise(cells[: len(frozen)], cells[len(frozen) :], -1)

    rows = [row for cell in sides for row in cell]  # each seed's episodes are a sample of their own
    return Estimate(value, bootstrap_interval(rows, over_episodes, seed, resamples), over, counts=counts)


def _normalise(frozen: Sequence[Values], native: Sequence[Values], axis: int) -> Values:
    """Interquartile mean over all cells of frozen scores divided by the cell's native one.

    Args:
        frozen: cells, each ``[..., S, ...]``.
        native: as many cells, each ``[..., S, ...]``.
        axis: axis of the seeds.
    """
    middles = [interquartile_mean(cell, axis) for cell in native]
    # nan, which callers report as no value or no interval, for natives that score zero, whose infinite quotients would
    # be cut with the highest quarter, and below zero, where a team that loses twice as much would seem twice as good
    quotients = [
        cell / np.expand_dims(np.where(middle <= 0, np.nan, middle), axis)
        for cell, middle in zip(frozen, middles, strict=True)
    ]
    return interquartile_mean(np.concatenate(quotients, axis), axis)


def probability_of_improvement(
    first: CellScores, second: CellScores, seed: int = 0, resamples: int = RESAMPLES
) -> Estimate:
    """Probability that a seed of the first kind scores above one of the second, on average over the cells.

    ``P = mean over cells of the mean over pairs of [x > y] + [x = y] / 2``, in each cell the Mann-Whitney
    statistic over the number of pairs.

    Args:
        first: scores of one kind.
        second: scores of the other in as many cells; the number of seeds may differ.
        seed: of the resampling.
        resamples: number of samples drawn.

    Returns:
        The probability; without an interval if a side has fewer than two seeds.

    Raises:
        ValueError: if the numbers of cells differ.
    """
    _check_cells(first.cells, second.cells)

    def above(x: Sequence[Values], y: Sequence[Values], axis: int) -> Values:
        pairs = [_share_above(*cells, axis) for cells in zip(x, y, strict=True)]
        return np.asarray(np.mean(pairs, 0))

    counts = {"seeds": first.seeds, "other_seeds": second.seeds}
    value = float(above(first.cells, second.cells, -1))
    return Estimate(value, _interval((first, second), above, seed, resamples), "seeds", counts=counts)


def _share_above(x: Values, y: Values, axis: int) -> Values:
    """Share of pairs in which ``x`` is above ``y``, ties as half, with the seeds along ``axis``."""
    # an axis for each side's seeds, so that broadcasting compares all pairs within each resample
    x, y = np.moveaxis(x, axis, -1)[..., :, None], np.moveaxis(y, axis, -1)[..., None, :]
    return ((x > y) + 0.5 * (x == y)).mean((-2, -1))


@dataclass(frozen=True)
class PerformanceProfile:
    """Share of runs that score above each threshold.

    Args:
        thresholds: ``[G]``.
        share: share of all scores above each, ``[G]``.
        low: lower end of its 95 % interval over seeds, at each threshold by itself, ``[G]``; None for a single seed.
        high: its upper end, ``[G]``; None for a single seed.
    """

    thresholds: tuple[float, ...]
    share: tuple[float, ...]
    low: tuple[float, ...] | None
    high: tuple[float, ...] | None

    def as_json(self) -> dict[str, Any]:
        """Share and interval; thresholds are those of all profiles of a group."""
        ends = {"low": self.low, "high": self.high}
        return {"share": list(self.share), **{name: end and list(end) for name, end in ends.items()}}


def performance_profile(
    scores: CellScores, thresholds: Sequence[float], seed: int = 0, resamples: int = RESAMPLES
) -> PerformanceProfile:
    """Share of scores above each threshold, all cells together: a run-score distribution.

    ``share(g) = mean over cells of the mean over seeds of [x > g]``. A profile that lies above another everywhere is
    better whatever part of the scores one looks at.

    Args:
        scores: scores that can be compared between cells, e.g. divided by those of natives.
        thresholds: ``[G]``.
        seed: of the resampling.
        resamples: number of samples drawn.
    """
    steps = np.asarray(thresholds, dtype=np.float64)
    above = [(cell > steps[:, None]).astype(np.float64) for cell in scores.cells]  # [G, S] each
    share = np.mean([cell.mean(-1) for cell in above], 0)
    told = tuple(steps.tolist()), tuple(share.tolist())
    if scores.seeds < 2:
        return PerformanceProfile(*told, None, None)
    # seeds that are drawn with all their cells are one sample of their means over the cells
    samples = [np.mean(above, 0)] if scores.joint else above
    low, high = bootstrap_ends(samples, lambda *drawn, axis: np.mean([d.mean(axis) for d in drawn], 0), seed, resamples)
    return PerformanceProfile(*told, tuple(low.tolist()), tuple(high.tolist()))


def _check_cells(first: Sequence[Any], second: Sequence[Any]) -> None:
    if not first or len(first) != len(second):
        raise ValueError(f"{len(first)} cells of one side and {len(second)} of the other; give both for each cell")


def _interval(
    sides: tuple[CellScores, CellScores],
    statistic: Callable[[Sequence[Values], Sequence[Values], int], Values],
    seed: int,
    resamples: int,
) -> tuple[float, float] | None:
    """Interval of a statistic of the cells of both sides, each drawn as it says."""

    def of_drawn(*drawn: Values, axis: int) -> Values:
        following = iter(drawn)
        first, second = (side.of(following) for side in sides)
        return statistic(first, second, axis)

    return bootstrap_interval([sample for side in sides for sample in side.samples], of_drawn, seed, resamples)
