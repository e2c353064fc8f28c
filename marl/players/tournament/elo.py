"""Elo ratings by maximum likelihood, and their intervals.

Axes: ``K`` openings, ``P`` players.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.sparse.csgraph import shortest_path

__all__ = ["PRIOR_GAMES", "bounded", "elo_interval", "elo_ratings"]

ELO_PER_LOGIT = 400 / math.log(10)
PRIOR_GAMES = 1.0
"""Drawn games added to each pair."""
RESAMPLES, FEWEST_OPENINGS = 1000, 10
MOST_STEPS, ENOUGH = 200, 1e-9

Points = NDArray[np.float64]


def elo_ratings(points: Points) -> NDArray[np.float64]:
    r"""Elo ratings by maximum likelihood, with mean zero.

    A player whose rating is higher by :math:`d` scores :math:`1 / (1 + 10^{-d / 400})`; draws count as half a win. One
    drawn game is added to each pair, whether they met or not, so that a player who won every game has a rating.

    Source: Bradley and Terry, Biometrika 39 (1952); Newton's method with the steps of Tran-Dinh and Sun, "Generalized
    self-concordant functions", Mathematical Programming 178 (2019).

    Args:
        points: ``[..., P, P]``, points of the player of the row against the player of the column.

    Returns:
        Ratings in Elo, ``[..., P]``.
    """
    scored, games = _with_prior(points)
    rating = np.zeros(points.shape[:-1])
    for _ in range(MOST_STEPS):
        expected = _expected(rating)
        gradient = (scored - games * expected).sum(-1)
        step = np.linalg.solve(_curvature(games, expected), gradient[..., None])[..., 0]
        reach = np.maximum(np.ptp(step, axis=-1, keepdims=True), 1e-12)
        rating = rating + step * np.log1p(reach) / reach  # damped: full steps can diverge where one side won nearly all
        if np.abs(step).max() < ENOUGH:
            break
    return ELO_PER_LOGIT * (rating - rating.mean(-1, keepdims=True))


def _with_prior(points: Points) -> tuple[Points, Points]:
    """Points and games ``[..., P, P]``, each with the drawn games added."""
    scored = (points + PRIOR_GAMES / 2) * (1.0 - np.eye(points.shape[-1]))
    return scored, scored + np.swapaxes(scored, -1, -2)


def _expected(rating: NDArray[np.float64]) -> Points:
    """Expected points of the row's player in a game against the column's; ratings in logits."""
    return np.asarray(1 / (1 + np.exp(rating[..., None, :] - rating[..., :, None])))


def _curvature(games: Points, expected: Points) -> Points:
    """Negative curvature of the log likelihood, ``[..., P, P]``.

    Ratings are known up to a constant, so the curvature is singular along it; the added 1 makes it regular there and
    keeps the mean at zero.
    """
    weight = games * expected * (1 - expected)
    return weight.sum(-1)[..., None] * np.eye(games.shape[-1]) - weight + 1.0


def elo_interval(points: Points, seed: int) -> list[tuple[float | None, float | None]]:
    """Intervals of ratings at 95 %.

    They are percentile intervals: whole openings are resampled, with all games played from them. If the results
    alone do not bound every rating, see `bounded`, or there are fewer than 10 openings, resampling knows too few of the
    possible results: then the intervals are those of the normal approximation, in which every game counts alone.

    Args:
        points: ``[K, P, P]``, see `elo_ratings`, for each opening.
        seed: of the resampling.

    Returns:
        For each player the lower and the upper end; None for an end that the results do not bound.
    """
    below, above = bounded(points.sum(0))
    openings = len(points)
    if openings >= FEWEST_OPENINGS and below.all() and above.all():
        counts = np.random.default_rng(seed).multinomial(openings, np.full(openings, 1 / openings), RESAMPLES)
        ratings = elo_ratings(np.tensordot(counts.astype(np.float64), points, 1))
        low, high = np.percentile(ratings, (2.5, 97.5), axis=0)
    else:
        rating, (_, games) = elo_ratings(points.sum(0)), _with_prior(points.sum(0))
        # without the added 1 the curvature is singular along the constant, and its pseudo-inverse is the covariance of
        # ratings with mean zero
        covariance = np.linalg.pinv(_curvature(games, _expected(rating / ELO_PER_LOGIT)) - 1.0)
        reach = stats.norm.ppf(0.975) * ELO_PER_LOGIT * np.sqrt(np.diag(covariance))
        low, high = rating - reach, rating + reach
    ends = zip(low.tolist(), high.tolist(), below, above, strict=True)
    return [(lowest if down else None, highest if up else None) for lowest, highest, down, up in ends]


def bounded(points: Points) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Masks of the ratings that the results alone, without the added draws, bound from below and from above.

    A rating has a lower end if the player scored against someone, who scored against someone, and so on, until
    everybody is reached (Ford, American Mathematical Monthly 64, 1957).

    Args:
        points: ``[P, P]``, see `elo_ratings`.

    Returns:
        From below and from above, each ``[P]``.
    """
    reached = np.isfinite(shortest_path(points > 0, unweighted=True))
    return reached.all(1), reached.all(0)
