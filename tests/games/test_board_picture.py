from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from heap_game import Heap

from marl.core.errors import ConfigError
from marl.core.game import GameView
from marl.envs.games.connect_four import ConnectFour
from marl.envs.games.nine_board import NineBoard
from marl.envs.games.quarto import Quarto
from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.board_picture import board_picture, draw_board, drawable, squares
from marl.games.search.result import ActionStatistics

BLUE, ORANGE, GREEN, WHITE = (0, 0x72, 0xB2), (0xD5, 0x5E, 0), (0, 0x9E, 0x73), (255, 255, 255)
LAST, PLAYED, DARK = (0xFF, 0xE9, 0xA8), (0xEA, 0xF2, 0xFA), (0x20, 0x20, 0x20)


def colour(picture: np.ndarray, row: int, column: int) -> tuple[int, ...]:
    return tuple(picture[row, column].tolist())


def after(game: GameView, *moves: str) -> GameView:
    for move in moves:
        game = game.play(game.read(move))
    return game


def texts(svg: str) -> list[tuple[float, float, str]]:
    """Place (x, y) and words of each text of a drawing whose cells are 60 units wide."""
    found = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return [(float(each.get("x", 0)), float(each.get("y", 0)), each.text or "") for each in found]


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


def test_the_last_move_is_marked() -> None:
    """Cells of connect four are 60 pixels wide; the disc of column 3 falls on the one before."""
    before = after(ConnectFour(), "3")
    picture = board_picture(after(before, "3"), 420, before)
    marked = np.argwhere((picture == LAST).all(-1))
    assert (marked[:, 0].min() // 60, marked[:, 0].max() // 60) == (4, 4)
    assert (marked[:, 1].min() // 60, marked[:, 1].max() // 60) == (2, 2)
    assert not (board_picture(after(before, "3"), 420) == LAST).all(-1).any()


def test_the_line_that_won_is_drawn_through_its_cells() -> None:
    won = after(TicTacToe(), "3", "1", "5", "2", "7")
    picture = board_picture(won)
    for row, column in ((75, 284), (120, 239), (180, 179), (284, 75)):
        assert colour(picture, row, column) == DARK
    assert not any(colour(board_picture(after(TicTacToe(), "3", "1", "5", "2")), 180, 180 + i) == DARK for i in (0, 5))


def test_the_board_to_be_played_on_is_tinted_and_its_free_cells_are_numbered() -> None:
    """The fifth board begins at 180 of 540 pixels; its first cell is taken, which names the first board."""
    game = after(NineBoard.start(4), "1", "5")
    picture = board_picture(game, 540)
    tinted = np.argwhere((picture == PLAYED).all(-1))
    assert tinted.min() >= 178 and tinted.max() <= 361
    numbers = [text for _, y, text in texts(draw_board(game).svg()) if y < 540]
    assert numbers == ["2", "3", "4", "5", "6", "7", "8", "9"]
    assert [text for _, _, text in texts(draw_board(after(TicTacToe(), "5")).svg())] == list("14728369")


def test_what_a_search_found_stands_in_the_cell_that_an_action_takes() -> None:
    """Of connect four with a disc in column 4, an action falls on it; X and O see a value from their own sides."""
    game = after(ConnectFour(), "4")
    statistics = [
        ActionStatistics(3, 30, (0.25, -0.25), False, 0.5),
        ActionStatistics(6, 10, (-0.75, 0.75), False, 0.1),
    ]
    found = texts(draw_board(game, None, statistics).svg())
    cells = {(int(x // 60), int(y // 60)): [] for x, y, _ in found if y < 360}
    for x, y, text in found:
        if y < 360:
            cells[int(x // 60), int(y // 60)].append(text)
    assert cells[3, 4] == ["75%", "-0.25", "(50%)"]
    assert cells[6, 5] == ["25%", "+0.75", "(10%)"]
    assert found[-1][2] == "share of the visits, value for O, (network's prior)"
    picture = board_picture(game, 420, None, statistics)
    expected = [round(255 + (part - 255) * 0.75) for part in (0x56, 0xB4, 0xE9)]
    assert list(colour(picture, 4 * 60 + 4, 3 * 60 + 4)) == expected


def test_pictures_of_a_film_have_one_size() -> None:
    game = after(Quarto(), "p5")
    sizes = {board_picture(each, 480, None, ()).shape for each in (Quarto(), game, after(game, "1"))}
    assert len(sizes) == 1
    assert sizes != {board_picture(game, 480).shape}  # no strip for the search


def test_a_piece_of_quarto_shows_its_four_properties() -> None:
    """Bits from the left: hollow, square, dark, large; a cell is 60 units wide."""

    def shapes(piece: int) -> list[tuple[str, str | None, float]]:
        svg = draw_board(after(Quarto(), f"p{piece}", "1")).svg()
        inside = []
        for each in ElementTree.fromstring(svg):
            kind, size = each.tag.split("}")[1], float(each.get("r") or each.get("width") or 0)
            x, y = (float(each.get(a) or each.get(b) or 999) for a, b in (("cx", "x"), ("cy", "y")))
            if kind in ("circle", "rect") and 0 < x < 60 and 0 < y < 60:
                inside.append((kind, each.get("fill"), size))
        return inside

    assert shapes(0b0000) == [("circle", "#D55E00", 13.2)]
    assert shapes(0b0001) == [("circle", "#D55E00", 21.6)]
    assert shapes(0b0010) == [("circle", "#0072B2", 13.2)]
    assert shapes(0b0100) == [("rect", "#D55E00", 26.4)]
    assert shapes(0b1000) == [("circle", "#D55E00", 13.2), ("circle", "#FFFFFF", 6.0)]


def test_pieces_lie_below_the_board_with_their_names_or_what_was_searched() -> None:
    """The board is 240 units wide, so that eight things have 30 each."""
    named = texts(draw_board(Quarto()).svg())
    assert [text for _, _, text in named[:16]] == [f"p{i}" for i in range(16)]
    assert [x for x, _, _ in named[:9]] == [15, 45, 75, 105, 135, 165, 195, 225, 15]
    assert all(y > 240 for _, y, _ in named)
    statistics = [ActionStatistics(2, 5, (0.5, -0.5), False)]
    found = texts(draw_board(Quarto(), None, statistics).svg())
    assert [(x, text) for x, _, text in found if re.search(r"[%.]", text)] == [(75, "100%"), (75, "+0.50")]


def test_a_title_says_what_is_seen() -> None:
    assert draw_board(TicTacToe()).title == "tic_tac_toe: player 1 of 2 is to move"
    assert draw_board(NineBoard()).title == "nine_board: to be played on: board 1"


def test_a_game_of_rules_alone_is_refused() -> None:
    with pytest.raises(ConfigError, match="heap cannot be drawn: it has no board_shape, block, caption, marks; "):
        drawable(Heap())


def test_squares_of_legal_actions_are_where_they_show() -> None:
    """A column of connect_four shows in its lowest free cell: 6 rows of 60 units, the lowest at 300."""
    assert squares(ConnectFour().play(3))[3] == (180, 240, 60)
    assert squares(ConnectFour())[6] == (360, 300, 60)
    assert squares(after(TicTacToe(), "1", "4", "2", "5", "3")) == {}
