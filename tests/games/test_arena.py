from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from heap_game import Heap
from numpy.typing import NDArray

from marl.core.errors import ConfigError
from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games import arena
from marl.games.arena import ArenaResult, play_arena, points_of
from marl.games.positions import Positions
from marl.games.search.configs import GumbelConfig, PUCTConfig
from marl.games.search.evaluator import PlayoutEvaluator, UniformEvaluator

ALONE = PUCTConfig(simulations=0)


class Favourite:
    """Evaluation by which the network alone plays the best move of a heap, or the worst."""

    def __init__(self, sign: float) -> None:
        self.sign = sign

    def evaluate(self, positions: Any) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        good = [[float((game.left - taken) % 3 == 0) for taken in (1, 2)] for game in positions.games]
        return self.sign * np.array(good, np.float32), np.zeros((len(positions), 2))


def result(points: Sequence[float], players: int = 2, decided: int = 1) -> ArenaResult:
    return ArenaResult(np.array(points), np.arange(len(points)) % players, players, decided)


def test_a_point_is_shared_by_those_with_the_best_return() -> None:
    returns = np.array([[1.0, -0.5, -0.5], [0, 0, 0], [0.5, 0.5, -1]])
    assert points_of(returns).tolist() == [[1, 0, 0], [1 / 3] * 3, [0.5, 0.5, 0]]
    assert points_of(np.array([[1.0, -1], [-1, 1], [0, 0]])).tolist() == [[1, 0], [0, 1], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("points", "players", "score"),
    [
        ([0.5, 0.5], 2, 0.5),
        ([1, 0.5], 2, 0.75),
        ([1, 0, 0], 3, 0.5),  # a third of the points is one player's share
        ([1 / 3] * 3, 3, 0.5),
        ([1, 1, 0], 3, 0.8),  # 2/3 beside 1/6 of each other
        ([1, 1], 2, 1.0),
        ([0, 0], 3, 0.0),
    ],
)
def test_equals_score_one_half_whatever_their_number(points: list[float], players: int, score: float) -> None:
    assert result(points, players).score == pytest.approx(score)


def test_elo_is_that_of_the_score() -> None:
    """400 log10(3) at three quarters."""
    assert result([1, 0.5]).elo == pytest.approx(190.8485)
    assert result([0, 0.5]).elo == pytest.approx(-190.8485)
    assert result([0.5, 0.5]).elo == 0
    assert (result([1, 1]).elo, result([0, 0]).elo) == (800, -800)


def test_draws_alone_do_not_pass() -> None:
    assert not result([0.5, 0.5], decided=0).passes(0.5)
    assert result([1, 0], decided=2).passes(0.5)
    assert not result([1, 0], decided=2).passes(0.51)
    played = play_arena(Heap(), Favourite(1), Favourite(1), ALONE, 4, 0, 0, np.random.default_rng(0))
    assert (played.decided, played.score) == (4, 0.5)  # the first seat wins all


@pytest.mark.parametrize("sign", [1, -1])
def test_who_plays_the_best_moves_wins_from_both_seats(sign: int) -> None:
    """Openings of one move from a heap of nine leave eight or seven, won for who plays well; the other never does."""
    games = play_arena(Heap(9), Favourite(sign), Favourite(-sign), ALONE, 10, 1, 0, np.random.default_rng(1))
    assert games.seats.tolist() == [0, 1] * 5
    assert games.points.tolist() == [float(sign > 0)] * 10
    assert games.decided == 10
    assert games.passes(0.51) == (sign > 0)


class Contrary(PlayoutEvaluator):
    """Playouts whose result is taken for its contrary."""

    def evaluate(self, positions: Positions) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        logits, values = super().evaluate(positions)
        return logits, -values


def test_search_wins_by_its_network_from_both_seats() -> None:
    settings = (PUCTConfig(simulations=24, solver=False), 40, 1, 0, np.random.default_rng(2))
    played = play_arena(TicTacToe(), PlayoutEvaluator(1), Contrary(1), *settings)
    assert min(played.points[played.seats == seat].mean() for seat in (0, 1)) > 0.6


def test_each_opening_is_played_from_all_seats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four games of three players are two openings of three."""
    given: list[Any] = []
    real = arena.play_openings

    def noted(positions: Positions, places: Any, openings: Any) -> None:
        given.extend(openings)
        real(positions, places, openings)

    asked: list[NDArray[np.int64]] = []

    class Noting(UniformEvaluator):
        def evaluate(self, positions: Positions) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
            asked.append(positions.mover)
            return super().evaluate(positions)

    monkeypatch.setattr(arena, "play_openings", noted)
    arguments = (ALONE, 4, 2, 0, np.random.default_rng(3))
    played = play_arena(ThreeMarks(), Noting(), UniformEvaluator(), *arguments, compiled=False)
    assert played.seats.tolist() == [0, 1, 2] * 2 and played.players == 3
    assert [len(opening) for opening in given] == [2] * 6
    assert given[0] == given[1] == given[2] != given[3] == given[4] == given[5]
    # after two moves it is the third seat's turn: the new network is asked in its two games there, then in those of 0
    assert [movers.tolist() for movers in asked[:3]] == [[2, 2], [0, 0], [1, 1]]


def test_first_moves_are_drawn_where_asked() -> None:
    def lengths(drawn_moves: int, config: Any = ALONE) -> set[bytes]:
        seen: set[bytes] = set()

        class Noting(UniformEvaluator):
            def evaluate(self, positions: Positions) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
                seen.add(positions.legal.tobytes())
                return super().evaluate(positions)

        network = Noting()
        play_arena(TicTacToe(), network, network, config, 2, 0, drawn_moves, np.random.default_rng(4), compiled=False)
        return seen

    assert lengths(0) == lengths(0)
    assert lengths(3) != lengths(0)
    gumbel = GumbelConfig(simulations=2)
    assert lengths(3, gumbel) == lengths(0, gumbel)


def test_openings_as_long_as_the_game_are_refused() -> None:
    network = UniformEvaluator()
    with pytest.raises(ConfigError, match="heap is over after 4 random moves"):
        play_arena(Heap(), network, network, ALONE, 2, 4, 0, np.random.default_rng(0))
