"""Estimates with 95 % intervals: means over episodes, and shares of games."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Estimate", "Over", "bootstrap_mean", "wilson_interval"]

Over = Literal["episodes", "seeds"]
"""Independent units that an interval resamples: episodes of one policy, or training seeds."""
OVER = "ci95_over_"

BATCH_ELEMENTS = 4_000_000
"""Largest number of resampled values in memory at once."""


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval, and the units that the interval is over.

    Args:
        value: the number, e.g. a mean, or None if it cannot be given.
        ci95: lower and upper end of its 95 % interval, or None if none can be given, e.g. for a single unit.
        over: units that were resampled. With one training seed an interval over seeds does not exist; then it
            is over the episodes of that seed, and says nothing about other seeds.
        extremes: the lowest and the highest value; None where they are not reported.
        counts: numbers of training seeds, by name; empty for a mean over episodes.
    """

    value: float | None
    ci95: tuple[float, float] | None
    over: Over = "episodes"
    extremes: tuple[float, float] | None = None
    counts: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """``value``, the interval under a name with its units (``ci95_over_seeds``), and the counts."""
        return {"value": self.value, f"{OVER}{self.over}": _listed(self.ci95), **self.counts}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Estimate:
        """Read what `as_json` wrote, without the counts."""
        over: Over = "seeds" if f"{OVER}seeds" in values else "episodes"
        interval = values[f"{OVER}{over}"]
        return cls(values["value"], None if interval is None else (interval[0], interval[1]), over)

    def mean_as_json(self) -> dict[str, Any]:
        """``mean``, ``ci95`` over episodes, and the extremes as ``minimum`` and ``maximum`` where there are any."""
        known = {} if self.extremes is None else dict(zip(("minimum", "maximum"), self.extremes, strict=True))
        return {"mean": self.value, "ci95": _listed(self.ci95), **known}


def _listed(interval: tuple[float, float] | None) -> list[float] | None:
    return None if interval is None else list(interval)


def bootstrap_mean(
    values: Sequence[float] | NDArray[Any],
    seed: int = 0,
    resamples: int = 2000,
) -> Estimate:
    """Mean of independent values with its bias-corrected and accelerated bootstrap interval.

    A sample of equal values has no spread to resample: its interval is the value itself, twice,
    and says nothing about unseen values.

    Source: Efron, "Better bootstrap confidence intervals", Journal of the American Statistical
    Association 82 (1987); computed by ``scipy.stats.bootstrap``.

    Args:
        values: ``[n]``, e.g. one for each episode.
        seed: of the resampling; the same seed gives the same interval.
        resamples: number of samples drawn.

    Raises:
        ValueError: if a value is not finite, ``values`` has not one axis, or ``resamples`` is
            below 1.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1:
        raise ValueError(f"values have shape {sample.shape}; give one axis")
    if not np.isfinite(sample).all():
        place = int(np.flatnonzero(~np.isfinite(sample))[0])
        raise ValueError(f"value {place} is {sample[place]}; a mean needs finite values, leave out what is missing")
    if resamples < 1:
        raise ValueError(f"resamples is {resamples}; give at least 1")
    if not sample.size:
        return Estimate(None, None)
    mean = float(sample.mean())
    if sample.size == 1:
        return Estimate(mean, None)
    if np.ptp(sample) == 0:
        return Estimate(float(sample[0]), (float(sample[0]), float(sample[0])))
    return Estimate(mean, _interval(sample, np.random.default_rng(seed), resamples))


def wilson_interval(points: float, games: int) -> tuple[float, float]:
    r"""Score interval of a share :math:`p` at 95 %: all shares that a score test does not reject.

    The ends solve :math:`|\hat p - p| = z \sqrt{p (1 - p) / n}`. With draws that count half, points vary less than
    games that are won or lost: there the interval is too wide rather than too narrow.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
    Statistical Association 22 (1927).

    Args:
        points: games won, with draws as half if they count so.
        games: number of games.

    Raises:
        ValueError: for no games, or points that are not between 0 and ``games``.
    """
    if games < 1 or not 0 <= points <= games:
        raise ValueError(f"{points} of {games}: give at least one game, and between none and all of the points")
    from scipy import stats  # which takes most of a second, and not every command draws an interval

    share, z = points / games, float(stats.norm.ppf(0.975))
    middle, weight = share + z * z / (2 * games), 1 + z * z / games
    spread = z * (share * (1 - share) / games + z * z / (4 * games * games)) ** 0.5
    low = (middle - spread) / weight if points else 0.0  # exact, where rounding would leave it above 0
    return low, (middle + spread) / weight if points < games else 1.0


def _interval(sample: NDArray[np.float64], generator: np.random.Generator, resamples: int) -> tuple[float, float]:
    from scipy import stats

    result = stats.bootstrap(
        (sample,),
        np.mean,
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, BATCH_ELEMENTS // sample.size),
        method="BCa",
        random_state=generator,
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)
