"""Arena: games of a new network against the best one, in lock step, from paired openings."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marl.core.game import Game
from marl.games.openings import play_openings, random_opening
from marl.games.positions import positions_of
from marl.games.search.batch_search import BatchSearch
from marl.games.search.configs import SearchConfig
from marl.games.search.evaluator import Evaluator
from marl.games.self_play import drawn, temperature_moves

__all__ = ["ArenaResult", "play_arena", "points_of"]

MOST_ELO = 800.0


@dataclass(frozen=True)
class ArenaResult:
    """Result of an arena.

    Args:
        points: ``[n]``, the new network's points in each game: 1 for a win; of those who share the best return each
            has an equal share.
        seats: ``[n]``, its seat.
        players: number of players ``P``; one is the new network, the others are the best.
        decided: number of games in which not all players had the same return.
    """

    points: NDArray[np.float64]
    seats: NDArray[np.int64]
    players: int
    decided: int

    @property
    def score(self) -> float:
        """Share of the points of the new network beside one of the best: 0.5 for equals, whatever their number."""
        new = float(self.points.mean())
        best = (1 - new) / (self.players - 1)
        return new / (new + best) if new + best else 0.5

    @property
    def elo(self) -> float:
        """Difference in Elo that the score stands for, at most 800."""
        share = min(max(self.score, 1e-9), 1 - 1e-9)
        return max(-MOST_ELO, min(MOST_ELO, 400 * math.log10(share / (1 - share))))

    def passes(self, threshold: float) -> bool:
        """True if the score reaches a threshold; not for draws alone."""
        return self.decided > 0 and self.score >= threshold


def points_of(returns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of each seat from returns ``[n, P]``: one for each game, shared by those with the best return."""
    best = returns == returns.max(1, keepdims=True)
    shared: NDArray[np.float64] = best / best.sum(1, keepdims=True)
    return shared


def play_arena(
    first: Game,
    new: Evaluator,
    best: Evaluator,
    config: SearchConfig,
    games: int,
    random_moves: int,
    drawn_moves: int,
    generator: np.random.Generator,
    compiled: bool | None = None,
) -> ArenaResult:
    """Let a network play against copies of another, from each opening once in each seat.

    Args:
        first: first position.
        new: the one.
        best: the other; where three and more play, all other seats.
        config: search before each move, without noise at the root.
        games: number of games; rounded up to whole openings.
        random_moves: of each opening.
        drawn_moves: first moves after it that are drawn by what the search found.
        generator: of openings and drawn moves.
        compiled: see `positions_of`.

    Raises:
        ConfigError: if games do not last as long as their openings.
    """
    players = first.num_players
    openings = [random_opening(first, random_moves, generator) for _ in range(math.ceil(games / players))]
    seats = np.tile(np.arange(players), len(openings))
    positions = positions_of([first] * len(seats), compiled)
    play_openings(positions, np.arange(len(seats)), [opening for opening in openings for _ in range(players)])
    searches, moves = (BatchSearch(config, best), BatchSearch(config, new)), 0
    while not positions.over.all():
        actions, own = np.full(len(seats), -1, np.int64), positions.mover == seats
        for search, where in zip(searches, (~own & ~positions.over, own & ~positions.over), strict=True):
            found = search.run(positions, generator, noise=False, where=where)
            draws = moves < temperature_moves(config, drawn_moves)
            actions[where] = (drawn(found.target, generator) if draws else found.action)[where]
        positions.play(actions)
        moves += 1
    returns = positions.returns
    decided = int((np.ptp(returns, axis=1) > 0).sum())
    return ArenaResult(points_of(returns)[np.arange(len(seats)), seats], seats, players, decided)
