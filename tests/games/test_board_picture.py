from __future__ import annotations

import numpy as np
import pytest
from heap_game import Heap

from marl.core.errors import ConfigError
from marl.envs.games.nine_board import NineBoard
from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.board_picture import board_picture, drawable

BLUE, ORANGE, GREEN, WHITE = (0, 0x72, 0xB2), (0xD5, 0x5E, 0), (0, 0x9E, 0x73), (255, 255, 255)


def colour(picture: np.ndarray, row: int, column: int) -> tuple[int, ...]:
    return tuple(picture[row, column].tolist())


def test_a_cross_lies_in_its_cell_and_a_ring_is_open() -> None:
    """Cells are 120 pixels wide; marks reach 36 from the middle, in strokes of 12."""
    picture = board_picture(TicTacToe().play(TicTacToe().read("1")).play(TicTacToe().read("9")))
    assert picture.shape == (360, 360, 3)
    assert colour(picture, 60, 60) == BLUE
    assert colour(picture, 300, 300) == WHITE
    assert colour(picture, 300, 330) == ORANGE
    coloured = np.argwhere((picture == BLUE).all(-1))
    assert coloured.max() < 120


def test_the_third_player_has_triangles() -> None:
    """Cells are 90 pixels wide; the lower edge of a triangle is 27 below the middle."""
    game = ThreeMarks().play(0).play(1).play(2)
    picture = board_picture(game)
    assert colour(picture, 45 + 25, 2 * 90 + 45) == GREEN


def test_a_caption_has_a_strip_below() -> None:
    assert board_picture(NineBoard()).shape == (390, 360, 3)
    assert board_picture(NineBoard(), width=180).shape == (195, 180, 3)


def test_a_game_of_rules_alone_is_refused() -> None:
    with pytest.raises(ConfigError, match="heap cannot be drawn: it has no board_shape, block, caption, marks; "):
        drawable(Heap())
