"""Results of a tournament: counts, shares and ratings with intervals.

Axes: ``K`` openings, ``P`` players.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marl.core.version import __version__
from marl.maths.intervals import wilson_interval
from marl.players.tournament.elo import PRIOR_GAMES, elo_interval, elo_ratings
from marl.players.tournament.games import FinishedGame
from marl.players.tournament.plan import TournamentPlan

__all__ = ["Outcomes", "PairResult", "PlayerResult", "TournamentReport", "points_of", "tournament_report"]


@dataclass(frozen=True)
class Outcomes:
    """Numbers of games won, lost and drawn."""

    won: int = 0
    lost: int = 0
    drawn: int = 0

    @property
    def games(self) -> int:
        """Number of all games."""
        return self.won + self.lost + self.drawn

    @property
    def points(self) -> float:
        """Points: games won, draws as half."""
        return self.won + self.drawn / 2

    def as_json(self) -> dict[str, int]:
        """Numbers of games won, lost and drawn, by name."""
        return asdict(self)


@dataclass(frozen=True)
class PairResult:
    """Games of two players.

    The one with the larger return won; in a game of three, two who lost to the third drew.

    Args:
        first: name of the player whose wins and losses are counted.
        second: name of the other.
        by_seat: outcomes of the first player at each seat of the game.
        seconds_per_game: CPU time of all players.
    """

    first: str
    second: str
    by_seat: tuple[Outcomes, ...]
    seconds_per_game: float

    @property
    def outcomes(self) -> Outcomes:
        """Outcomes of the first player at all seats together."""
        return Outcomes(
            sum(seat.won for seat in self.by_seat),
            sum(seat.lost for seat in self.by_seat),
            sum(seat.drawn for seat in self.by_seat),
        )

    @property
    def games(self) -> int:
        """Number of games."""
        return self.outcomes.games

    @property
    def score(self) -> float:
        """Share of games won, draws as half."""
        return self.outcomes.points / self.games

    @property
    def score_ci95(self) -> tuple[float, float]:
        """Wilson interval of the score, which treats draws as wins and losses, and so is rather too wide."""
        return wilson_interval(self.outcomes.points, self.games)

    def as_json(self) -> dict[str, Any]:
        """Counts, the score and the shares with their Wilson intervals, and the counts by seat."""
        counts = self.outcomes.as_json()
        shares = {f"{outcome}_ci95": list(wilson_interval(count, self.games)) for outcome, count in counts.items()}
        return {
            "first": self.first,
            "second": self.second,
            "games": self.games,
            **counts,
            "score": self.score,
            "score_ci95": list(self.score_ci95),
            **shares,
            "seconds_per_game": self.seconds_per_game,
            "by_seat_of_first": [seat.as_json() for seat in self.by_seat],
        }


@dataclass(frozen=True)
class PlayerResult:
    """Rating of one player.

    Args:
        player: name of the player.
        elo: rating; the mean of all is zero.
        elo_ci95: see `marl.players.tournament.elo.elo_interval`; an end that the results do not bound is None.
        score: points divided by games, or None without games.
        games: number of games.
        seconds_per_move: CPU time, or None without moves.
    """

    player: str
    elo: float
    elo_ci95: tuple[float | None, float | None]
    score: float | None
    games: int
    seconds_per_move: float | None

    def as_json(self) -> dict[str, Any]:
        """Fields by name."""
        return asdict(self) | {"elo_ci95": list(self.elo_ci95)}


@dataclass(frozen=True)
class TournamentReport:
    """Results of a tournament, which may have been stopped.

    Args:
        plan: of the tournament.
        players: from the highest rating to the lowest.
        pairs: pairs that met.
        games_played: number of finished games.
    """

    plan: TournamentPlan
    players: tuple[PlayerResult, ...]
    pairs: tuple[PairResult, ...]
    games_played: int

    @property
    def game(self) -> str:
        """Name of the game."""
        return self.plan.game

    @property
    def games_planned(self) -> int:
        """Number of games of the whole plan."""
        return self.plan.total_games

    def as_json(self) -> dict[str, Any]:
        """Results, then the settings of the tournament."""
        plan = self.plan
        return {
            "game": plan.game,
            "players": [player.as_json() for player in self.players],
            "pairs": [pair.as_json() for pair in self.pairs],
            "games_of_each_group": plan.games,
            "openings": {"plies_drawn": plan.plies, "seatings_of_each": plan.seatings},
            "classic": plan.classic,
            "negamax_ties": plan.players[0].ties,
            "seed": plan.seed,
            "games_played": self.games_played,
            "games_planned": self.games_planned,
            "elo_prior_drawn_games": PRIOR_GAMES,
            "version": __version__,
        }


def tournament_report(plan: TournamentPlan, finished: Sequence[FinishedGame]) -> TournamentReport:
    """Count and rate finished games.

    Args:
        plan: of the tournament.
        finished: at least one game; all, or those before a stop.
    """
    meeting = [
        pair for pair in combinations(range(len(plan.players)), 2) if any(set(pair) <= set(g) for g in plan.groups)
    ]
    pairs = [_pair(plan, finished, first, second) for first, second in meeting]
    return TournamentReport(
        plan, _players(plan, finished), tuple(pair for pair in pairs if pair is not None), len(finished)
    )


def points_of(plan: TournamentPlan, finished: Sequence[FinishedGame]) -> NDArray[np.float64]:
    """Points of the row's player against the column's in the games of each opening, ``[K, P, P]``."""
    players = len(plan.players)
    points = np.zeros((plan.openings, players, players))
    for game in finished:
        for place, won in zip(game.seats, game.returns, strict=True):
            for other, others in zip(game.seats, game.returns, strict=True):
                points[game.opening, place, other] += (won > others) + 0.5 * (won == others) * (place != other)
    return points[sorted({game.opening for game in finished})]


def _pair(plan: TournamentPlan, finished: Sequence[FinishedGame], first: int, second: int) -> PairResult | None:
    """Games of two players, or None if they have not met yet."""
    games = [game for game in finished if first in game.seats and second in game.seats]
    if not games:
        return None
    by_seat = []
    for seat in range(len(games[0].seats)):
        mine = [game for game in games if game.seats[seat] == first]
        margins = [game.returns[seat] - game.returns[game.seats.index(second)] for game in mine]
        won, lost = sum(margin > 0 for margin in margins), sum(margin < 0 for margin in margins)
        by_seat.append(Outcomes(won, lost, len(mine) - won - lost))
    seconds = sum(sum(game.seconds) for game in games) / len(games)
    return PairResult(plan.players[first].text, plan.players[second].text, tuple(by_seat), seconds)


def _players(plan: TournamentPlan, finished: Sequence[FinishedGame]) -> tuple[PlayerResult, ...]:
    points = points_of(plan, finished)
    ratings, intervals = elo_ratings(points.sum(0)), elo_interval(points, plan.seed)
    results = []
    for place in np.argsort(-ratings, kind="stable"):
        own = [(game, seat) for game in finished for seat, who in enumerate(game.seats) if who == place]
        moves = sum(game.moves[seat] for game, seat in own)
        seconds = sum(game.seconds[seat] for game, seat in own)
        scored, games = points[:, place].sum(), points[:, place].sum() + points[:, :, place].sum()
        results.append(
            PlayerResult(
                player=plan.players[place].text,
                elo=float(ratings[place]),
                elo_ci95=intervals[place],
                score=float(scored / games) if games else None,
                games=len(own),
                seconds_per_move=seconds / moves if moves else None,
            )
        )
    return tuple(results)
