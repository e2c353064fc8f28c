"""What a tournament brought: counts, shares and ratings with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marl.core.version import __version__
from marl.maths.intervals import wilson_interval
from marl.players.tournament.elo import PRIOR_GAMES, elo_interval, elo_ratings
from marl.players.tournament.games import Played
from marl.players.tournament.plan import Plan

__all__ = ["points_of", "report_of"]

OUTCOMES = ("won", "lost", "drawn")


def report_of(plan: Plan, played: Sequence[Played]) -> dict[str, Any]:
    """All that is told, as it goes into JSON.

    Of two players the one won who got more; in a game of three, two who lost to the third drew. The score is the share
    of games won, draws as half; its Wilson interval takes it for a share of games won, and so is rather too wide.
    Intervals of ratings: see `marl.players.tournament.elo.elo_interval`. Seconds are of CPU time.

    Args:
        plan: that was played, perhaps not to its end.
        played: at least one game.
    """
    points = points_of(plan, played)
    pairs = [
        _pair(plan, played, first, second)
        for first, second in combinations(range(len(plan.players)), 2)
        if any({first, second} <= set(group) for group in plan.groups)
    ]
    return {
        "game": plan.game,
        "players": _players(plan, played, points),
        "pairs": [pair for pair in pairs if pair["games"]],
        "games_of_each_group": plan.games,
        "openings": {"plies_drawn": plan.plies, "seatings_of_each": plan.seatings},
        "classic": plan.classic,
        "negamax_ties": plan.players[0].ties,
        "seed": plan.seed,
        "games_played": len(played),
        "games_planned": plan.games * len(plan.groups),
        "elo_prior_drawn_games": PRIOR_GAMES,
        "version": __version__,
    }


def points_of(plan: Plan, played: Sequence[Played]) -> NDArray[np.float64]:
    """``[K, P, P]``: what the player of the row scored against that of the column in the games of each opening."""
    players = len(plan.players)
    points = np.zeros((plan.openings, players, players))
    for game in played:
        for place, won in zip(game.seats, game.returns, strict=True):
            for other, others in zip(game.seats, game.returns, strict=True):
                points[game.opening, place, other] += (won > others) + 0.5 * (won == others) * (place != other)
    return points[sorted({game.opening for game in played})]


def _pair(plan: Plan, played: Sequence[Played], first: int, second: int) -> dict[str, Any]:
    games = [game for game in played if first in game.seats and second in game.seats]
    total = dict.fromkeys(OUTCOMES, 0)
    seats: dict[int, dict[str, int]] = {}
    for game in games:
        seat = game.seats.index(first)
        won, others = game.returns[seat], game.returns[game.seats.index(second)]
        outcome = OUTCOMES[0 if won > others else 1 if won < others else 2]
        total[outcome] += 1
        seats.setdefault(seat, dict.fromkeys(OUTCOMES, 0))[outcome] += 1
    told: dict[str, Any] = {"first": plan.players[first].text, "second": plan.players[second].text}
    told |= {"games": len(games), **total}
    if games:
        told |= _shares(total, len(games))
        told["seconds_per_game"] = sum(sum(game.seconds) for game in games) / len(games)
        told["by_seat_of_first"] = [seats.get(seat, dict.fromkeys(OUTCOMES, 0)) for seat in range(len(games[0].seats))]
    return told


def _shares(total: dict[str, int], games: int) -> dict[str, Any]:
    points = total["won"] + total["drawn"] / 2
    shares = {f"{outcome}_ci95": list(wilson_interval(total[outcome], games)) for outcome in OUTCOMES}
    return {"score": points / games, "score_ci95": list(wilson_interval(points, games)), **shares}


def _players(plan: Plan, played: Sequence[Played], points: NDArray[np.float64]) -> list[dict[str, Any]]:
    """From the highest rating to the lowest; an end of an interval that the results do not bound is None."""
    ratings, intervals = elo_ratings(points.sum(0)), elo_interval(points, plan.seed)
    told = []
    for place in np.argsort(-ratings, kind="stable"):
        own = [(game, seat) for game in played for seat, who in enumerate(game.seats) if who == place]
        moves = sum(game.moves[seat] for game, seat in own)
        seconds = sum(game.seconds[seat] for game, seat in own)
        scored, games = points[:, place].sum(), points[:, place].sum() + points[:, :, place].sum()
        told.append(
            {
                "player": plan.players[place].text,
                "elo": float(ratings[place]),
                "elo_ci95": list(intervals[place]),
                "score": float(scored / games) if games else None,
                "games": len(own),
                "seconds_per_move": seconds / moves if moves else None,
            }
        )
    return told
