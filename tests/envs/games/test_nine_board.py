from __future__ import annotations

import numpy as np
import pytest
from written_moves import played

from marl.core.game import IllegalActionError
from marl.envs.games.nine_board import NineBoard


def test_the_cell_taken_on_one_of_nine_boards_names_the_next() -> None:
    position = NineBoard().play(4)
    assert position.board == 4
    assert position.legal == tuple(range(36, 45))
    with pytest.raises(IllegalActionError, match="it is on board 1, and board 5 is to be played on"):
        position.play(0)
    position = position.play(36)
    assert (position.board, position.legal) == (0, (0, 1, 2, 3, 5, 6, 7, 8))
    with pytest.raises(IllegalActionError, match="cell 5 of board 1 is taken"):
        position.play(4)


def test_the_first_line_on_any_of_nine_boards_wins() -> None:
    """X takes cells 1, 2 and 3 of board 1; O answers each time with cell 1 of the board it was sent to."""
    position = played(NineBoard(), "1 2,2 1,1 3,3 1,1 1")
    assert position.over
    assert position.returns == (1.0, -1.0)


def test_being_sent_to_a_full_one_of_nine_boards_is_a_draw() -> None:
    """Board 1 is full without a line and X takes cell 1 of board 2, which sends O there."""
    cells = (0b101_001_010 << 0, 0b010_110_101 << 0)
    position = NineBoard(cells=(cells[0] | 1 << 20, cells[1]), board=1)
    position = position.play(9)
    assert position.over
    assert position.returns == (0.0, 0.0)


def test_nine_boards_begin_where_they_are_told() -> None:
    assert NineBoard().legal == tuple(range(9))
    assert NineBoard.start(3).legal == tuple(range(27, 36))
    assert len({NineBoard.drawn(np.random.default_rng(seed)).board for seed in range(60)}) == 9
    with pytest.raises(ValueError, match="board is 9; boards are 0 to 8"):
        NineBoard.start(9)


def test_the_caption_names_the_board_to_be_played_on() -> None:
    assert NineBoard().play(4).caption == "to be played on: board 5"
