"""A move that wins at once is seen without the network's help."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.positions import Positions, positions_of
from marl.games.search.batch_search import search_batch
from marl.games.search.configs import GumbelConfig, PUCTConfig
from marl.games.search.found import Found

needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="needs Numba")
both = pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=needs_numba)])
kinds = pytest.mark.parametrize("kind", [PUCTConfig, GumbelConfig])

WON = TicTacToe((0b11, 0b11000))
"""The first seat is to move and wins at 2; the second would win at 5. Cells 2, 5, 6, 7, 8 are free."""
LOST = TicTacToe((0b1011, 0b100010000))
"""The first seat threatens 2 and 6, the second is to move. Cells 2, 5, 6, 7 are free."""


class Blind:
    """Evaluator that thinks highly of one action, and counts the positions that it is asked for."""

    def __init__(self, action: int) -> None:
        self.action, self.asked = action, 0

    def evaluate(self, positions: Positions) -> tuple[Any, Any]:
        self.asked += len(positions)
        logits = np.zeros((len(positions), positions.game.num_actions), np.float32)
        logits[:, self.action] = 9.0
        return logits, np.zeros((len(positions), positions.game.num_players))


def searched(game: Any, evaluator: Blind, config: Any, compiled: bool, leaves: int = 1) -> Found:
    generator = np.random.default_rng(0)
    return search_batch(positions_of([game], compiled), evaluator, config, generator, False, leaves=leaves)


@both
@kinds
@pytest.mark.parametrize("leaves", [1, 4])
def test_a_win_at_the_root_is_the_first_thing_that_is_searched(kind: Any, compiled: bool, leaves: int) -> None:
    evaluator = Blind(8)
    found = searched(WON, evaluator, kind(simulations=9), compiled, leaves)
    assert (found.action.tolist(), found.proven.tolist(), found.visits.sum()) == ([2], [True], 1)
    assert found.target[0].argmax() == 2 and found.root_value[0].tolist() == [1.0, -1.0]
    assert evaluator.asked == 1


@both
@kinds
def test_a_position_in_which_the_other_wins_at_once_is_not_valued(kind: Any, compiled: bool) -> None:
    """Each of the four moves loses, so that four simulations prove the root; only the root itself is valued."""
    evaluator = Blind(2)
    found = searched(LOST, evaluator, kind(simulations=9), compiled)
    assert found.visits[0, [2, 5, 6, 7]].tolist() == [1, 1, 1, 1]
    assert found.proven.all() and found.root_value[0].tolist() == [1.0, -1.0]
    assert evaluator.asked == 1


@both
def test_without_looking_ahead_such_positions_are_valued(compiled: bool) -> None:
    for config in (PUCTConfig(simulations=4, look_ahead=False), PUCTConfig(simulations=4, solver=False)):
        evaluator = Blind(7)
        found = searched(LOST, evaluator, config, compiled)
        assert not found.proven.any() and evaluator.asked > 1


@both
def test_of_three_players_the_one_to_move_is_looked_at(compiled: bool) -> None:
    """The second seat is to move and cannot win; the third would win at 10 if it were its turn."""
    game = ThreeMarks()
    for action in (0, 4, 8, 12, 15, 9, 3):
        game = game.play(action)
    assert game.mover == 1 and not game.over
    found = searched(game, Blind(14), PUCTConfig(simulations=1), compiled)
    assert not found.proven.any() and found.visits[0, 14] == 1
    # after the second seat's move elsewhere the third wins at once, so that the move is proven
    assert found.proven_actions[0, 14] and found.values[0, 14].tolist() == [-0.5, -0.5, 1.0]
