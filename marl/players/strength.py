"""Strength of a trained network: points against other players."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marl.core.game import Game
from marl.core.version import __version__
from marl.games.arena import points_of
from marl.games.openings import random_opening
from marl.maths.intervals import wilson_interval
from marl.players.match import play_matches
from marl.players.player import Player
from marl.players.specs import PlayerSpec, make_player

__all__ = ["RANDOM_MOVES", "Score", "StrengthReport", "measure_strength", "points_against"]

RANDOM_MOVES = 2
"""Moves of the openings, which are drawn."""


@dataclass(frozen=True)
class Score:
    """Points of a player against others of one kind, who have all other seats.

    Args:
        opponent: their name.
        points: sum of its shares of the points; a game has one, shared by those with the best return.
        games: number of games.
        even: share of the points that equal players have.
    """

    opponent: str
    points: float
    games: int
    even: float

    @property
    def share(self) -> float:
        """Share of the points."""
        return self.points / self.games

    @property
    def share_ci95(self) -> tuple[float, float]:
        """Wilson interval of the share."""
        return wilson_interval(self.points, self.games)

    def as_json(self) -> dict[str, Any]:
        """Fields, share and interval by name."""
        counted = {"opponent": self.opponent, "games": self.games, "points": self.points, "even": self.even}
        return counted | {"share": self.share, "share_ci95": list(self.share_ci95)}


@dataclass(frozen=True)
class StrengthReport:
    """Scores of one player.

    Args:
        game: name of the game.
        player: name of the player.
        seed: of openings and opponents.
        scores: against each opponent.
    """

    game: str
    player: str
    seed: int
    scores: tuple[Score, ...]

    def as_json(self) -> dict[str, Any]:
        """Fields by name, and the version."""
        scores = [score.as_json() for score in self.scores]
        return {"game": self.game, "player": self.player, "seed": self.seed, "scores": scores, "version": __version__}


def measure_strength(
    first: Game,
    player: Player,
    opponents: Sequence[PlayerSpec],
    games: int,
    seed: int,
    watch: Callable[[int, int, int], bool] = lambda done, total, moves: True,
) -> tuple[Score, ...]:
    """Play against each of several opponents; see `points_against`.

    Args:
        first, player, games, seed: see `points_against`.
        opponents: specifications.
        watch: called with the numbers of games that have ended, and of all, and of moves against the present opponent;
            False ends with those.
    """
    seats = first.num_players
    whole = -(-games // seats) * seats
    scores = []
    for number, spec in enumerate(opponents):
        told = partial(_told, watch, number * whole, len(opponents) * whole)
        points = points_against(first, player, spec, games, seed, told)
        scores.append(Score(spec.text, float(points.sum()), len(points), 1 / seats))
    return tuple(scores)


def points_against(
    first: Game, player: Player, opponent: PlayerSpec, games: int, seed: int, watch: Callable[[int, int], bool]
) -> NDArray[np.float64]:
    """Points of a player in games against others, from drawn openings, each from all seats.

    Args:
        first: first position.
        player: plays one seat of each game; see `play_matches`.
        opponent: specification of the players of all other seats.
        games: number of games, rounded up to whole openings.
        seed: of openings and opponents.
        watch: see `play_matches`.

    Returns:
        For each game that has ended its share of the point.
    """
    seats = first.num_players
    starts: list[Game] = []
    tables: list[list[Player]] = []
    for number in range(-(-games // seats)):
        generator = np.random.default_rng([seed, number])
        start = first
        for action in random_opening(first, RANDOM_MOVES, generator):
            start = start.play(action)
        for own in range(seats):
            others = [make_player(opponent, first, int(generator.integers(2**31))) for _ in range(seats)]
            starts.append(start)
            tables.append([player if seat == own else others[seat] for seat in range(seats)])
    matches = play_matches(starts, tables, watch)
    returns = np.array([match.returns for match in matches]).reshape(-1, seats)
    return points_of(returns)[np.arange(len(returns)), np.arange(len(returns)) % seats]


def _told(watch: Callable[[int, int, int], bool], before: int, total: int, ended: int, moves: int) -> bool:
    return watch(before + ended, total, moves)
