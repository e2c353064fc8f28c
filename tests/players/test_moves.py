from __future__ import annotations

import pytest
from heap_game import Heap

from marl.core.errors import ConfigError
from marl.core.game import IllegalActionError
from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.players.moves import listed, read_move, written


def test_legal_moves_are_listed_in_the_order_of_their_numbers() -> None:
    """Actions of tic-tac-toe go by columns; 10 comes after 9, not after 1."""
    assert listed(TicTacToe()) == "1, 2, 3, 4, 5, 6, 7, 8, 9"
    assert listed(ThreeMarks().play(0)) == "2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16"


def test_a_move_is_read_as_an_action() -> None:
    assert read_move(TicTacToe(), " 2 ") == 3


def test_illegal_moves_are_refused_in_the_words_of_a_person() -> None:
    game = TicTacToe((0b1, 0b0))
    with pytest.raises(IllegalActionError, match="tic_tac_toe: 1 is not legal here; legal are 2, 3, 4, 5, 6, 7, 8, 9"):
        read_move(game, "1")
    with pytest.raises(IllegalActionError, match="'x' names no cell"):
        read_move(game, "x")
    with pytest.raises(IllegalActionError, match="tic_tac_toe: the game is over, 9 cannot be played any more"):
        read_move(TicTacToe((0b111, 0b11000)), "9")


def test_a_game_is_written_only_with_words_for_its_moves() -> None:
    game = TicTacToe()
    assert written(game) is game
    with pytest.raises(ConfigError, match="heap cannot be played by hand: it has no describe, read; "):
        written(Heap())
