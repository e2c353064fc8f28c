from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from heap_game import Heap

from marl.core.errors import ConfigError
from marl.core.game_structure import GameSymmetries
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.registry import new_game
from marl.games.symmetry_check import check_symmetries


@pytest.mark.parametrize(
    ("name", "number", "most"),
    [
        ("tic_tac_toe", 8, None),
        ("three_marks", 8, None),
        ("connect_four", 2, None),
        ("nine_board:5", 8, None),  # from the middle board all eight are seen alike
        ("nine_board", 2, None),  # from a corner the identity and the reflection at its diagonal
        ("quarto", 192, 24),
    ],
)
def test_symmetries_commute_with_play(name: str, number: int, most: int | None) -> None:
    game: Any = new_game(name)
    for seed in range(2):
        assert check_symmetries(game, seed, most) == (most or number)
    found = game.symmetries
    both = np.concatenate([found.observation, found.action], 1)
    assert len(np.unique(both, axis=0)) == found.order  # no two are one


def test_a_quarter_turn_by_hand() -> None:
    """The second of a square's: what was in the upper right corner comes to the upper left one."""
    found = TicTacToe.symmetries
    assert found.action[1].tolist() == [2, 5, 8, 1, 4, 7, 0, 3, 6]
    assert found.observation[1][:4].tolist() == [4, 5, 10, 11]  # two planes a cell


@dataclass(frozen=True)
class Wrong(TicTacToe):
    """Actions turn and observations do not."""

    name = "wrong"
    symmetries = GameSymmetries(np.repeat(np.arange(18)[None], 8, 0), TicTacToe.symmetries.action)


def test_a_wrong_one_is_refused_with_the_games_name() -> None:
    with pytest.raises(
        ConfigError, match=r"wrong: symmetry [1-7] does not hold after .*: seat 0 observes something else"
    ):
        check_symmetries(Wrong(), 0)
    with pytest.raises(ConfigError, match="heap names no symmetries"):
        check_symmetries(Heap(), 0)
