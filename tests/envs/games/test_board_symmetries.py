from __future__ import annotations

import numpy as np

from marl.core.game_structure import part_actions_of, parts_of
from marl.envs.games.connect_four import COLUMNS, ROWS, ConnectFour
from marl.envs.games.nine_board import NineBoard
from marl.envs.games.quarto import Quarto


def test_a_part_of_nine_board_is_what_lies_on_one_of_its_boards() -> None:
    """Board 5 is to be played on and has a mark of each in its first and last cell; board 1 has one of the other."""
    game = NineBoard.start(4)
    for move in ("1", "5", "9", "5"):
        game = game.play(game.read(move))
    seen = game.observe(game.mover).ravel()[parts_of(NineBoard())].reshape(9, 9, 3)
    assert np.argwhere(seen[4, :, 0]).tolist() == [[0], [8]]
    assert seen[4, :, 2].all() and not seen[[0, 1, 2, 3, 5, 6, 7, 8], :, 2].any()
    assert [int(seen[board, :, :2].sum()) for board in range(9)] == [1, 0, 0, 0, 2, 0, 0, 0, 1]


def test_the_actions_of_a_part_of_nine_board_take_its_cells() -> None:
    parts, actions = parts_of(NineBoard()), part_actions_of(NineBoard())
    assert actions is not None
    for board in range(9):
        game = NineBoard.start(board)
        assert game.legal == actions[board]
        for cell, action in enumerate(actions[board]):
            changed = np.flatnonzero(game.play(action).observe(0).ravel()[parts[board]].reshape(9, 3)[:, 0])
            assert changed.tolist() == [cell]


def test_a_part_of_quarto_is_a_line_and_all_pieces() -> None:
    """Piece 5 lies on cell 1, in a row, a column and a diagonal; piece 9 is to be placed."""
    game = Quarto().play(5).play(16).play(9)
    parts = parts_of(Quarto())
    assert parts.shape == (10, 41)
    seen = game.observe(0).ravel()[parts]
    on_line = [row[:20].reshape(4, 5).tolist() for row in seen if row[:20].any()]
    assert len(on_line) == 3
    assert all([1, 1, 0, 1, 0] in cells for cells in on_line)  # a piece, and its properties from the lowest bit
    assert (seen[:, 20:36] == [piece not in (5, 9) for piece in range(16)]).all()
    assert (seen[:, 36:] == [1, 1, 0, 0, 1]).all()


def test_the_parts_of_connect_four_are_its_squares_of_four_by_four_cells() -> None:
    """A disc of each seat lies on the bottom row, which is the last one of an observation, in columns 1 and 7."""
    game = ConnectFour().play(0).play(6)
    seen = game.observe(0).ravel()[parts_of(ConnectFour())].reshape(3, 4, 4, 4, 2)  # down, right, rows, columns, planes
    assert np.argwhere(seen).tolist() == [[2, 0, 3, 0, 0], [2, 3, 3, 3, 1]]


def test_every_four_of_connect_four_lies_in_a_part() -> None:
    parts = [set(part // 2) for part in parts_of(ConnectFour())]  # cells, whose two planes stand side by side
    fours = [
        {COLUMNS * (row + k * down) + column + k * right for k in range(4)}
        for down, right in ((0, 1), (1, 0), (1, 1), (1, -1))
        for row, column in np.ndindex(ROWS, COLUMNS)
        if row + 3 * down < ROWS and 0 <= column + 3 * right < COLUMNS
    ]
    assert len(fours) == 69
    assert all(any(four <= part for part in parts) for four in fours)
