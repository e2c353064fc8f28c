"""Rules against OpenSpiel's, where it is installed: pip install -e '.[games]'."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from marl.envs.games.connect_four import ConnectFour
from marl.envs.games.tic_tac_toe import TicTacToe

pyspiel = pytest.importorskip("pyspiel")


def by_rows(action: int) -> int:
    """Ours count the cells column by column, OpenSpiel's row by row."""
    return action % 3 * 3 + action // 3


def same(action: int) -> int:
    return action


@pytest.mark.parametrize(
    ("start", "theirs"), [(TicTacToe(), by_rows), (ConnectFour(), same)], ids=["tic_tac_toe", "connect_four"]
)
def test_rules_are_those_of_openspiel(start: Any, theirs: Callable[[int], int]) -> None:
    """Along 300 random games: movers, legal actions, boards, ends and returns."""
    reference = pyspiel.load_game(start.name)
    assert reference.num_distinct_actions() == start.num_actions
    outcomes = set()
    for seed in range(300):
        draw, game, state = random.Random(seed), start, reference.new_initial_state()
        while not game.over:
            assert not state.is_terminal()
            assert state.current_player() == game.mover
            assert sorted(map(theirs, game.legal)) == state.legal_actions()
            assert board(game) == str(state).lower().split()
            action = draw.choice(game.legal)
            game = game.play(action)
            state.apply_action(theirs(action))
        assert state.is_terminal()
        assert tuple(state.returns()) == game.returns
        outcomes.add(game.returns)
    assert (1.0, -1.0) in outcomes
    assert (-1.0, 1.0) in outcomes


def board(game: Any) -> list[str]:
    """Rows of x, o and points, as OpenSpiel prints them."""
    rows, columns = game.board_shape
    marks = game.marks()
    return ["".join(marks.get((row, column), ".") for column in range(columns)).lower() for row in range(rows)]
