"""Lines that searches with a prior expect."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from game_positions import positions as drawn_positions
from search_evaluators import Waves

from marl.envs.games.connect_four import ConnectFour
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.positions import positions_of
from marl.games.search.batch_search import BatchSearch
from marl.games.search.configs import GumbelConfig, PUCTConfig
from marl.games.search.evaluator import UniformEvaluator

needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="needs Numba")
both = pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=needs_numba)])
kinds = pytest.mark.parametrize("config", [PUCTConfig(simulations=200), GumbelConfig(simulations=200)])


def lines(games: list[Any], config: Any, compiled: bool, evaluator: Any) -> list[tuple[int, ...]]:
    """The line that begins with the action found, of each game."""
    search = BatchSearch(config, evaluator)
    found = search.run(positions_of(games, compiled), np.random.default_rng(0), noise=False)
    return [search.principal_variation(game, int(found.action[i]), i) for i, game in enumerate(games)]


@both
@kinds
def test_a_line_has_the_answers_that_are_forced(config: Any, compiled: bool) -> None:
    """After 1, 5 and 2 the second player has to take 3, which threatens 7, so that the first has to take 7."""
    game = TicTacToe()
    for move in "152":
        game = game.play(game.read(move))
    first, other = lines([TicTacToe(), game], config, compiled, UniformEvaluator())
    assert other[:2] == (game.read("3"), game.read("7"))
    assert first[0] != other[0]


@both
@kinds
def test_a_line_ends_with_the_game(config: Any, compiled: bool) -> None:
    """Three cells are free, and nobody wins any more."""
    game = TicTacToe((0b1100010, 0b10001100))
    (line,) = lines([game], config, compiled, UniformEvaluator())
    assert sorted(line) == [0, 4, 8]


@needs_numba
@kinds
def test_both_searches_expect_the_same(config: Any) -> None:
    games = drawn_positions(ConnectFour(), 6, 8, seed=3)
    one, other = (lines(games, config, compiled, Waves()) for compiled in (False, True))
    assert one == other
    assert max(map(len, one)) > 3
