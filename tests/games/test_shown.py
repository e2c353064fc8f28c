from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from marl.games.board_picture import draw_board
from marl.games.registry import new_game


@pytest.mark.parametrize("name", ["connect_four", "nine_board", "quarto", "three_marks", "tic_tac_toe"])
def test_every_game_of_the_package_shows_its_board(name: str) -> None:
    game: Any = new_game(name)
    position = game.play(game.legal[-1])
    shown = position._repr_svg_()
    assert ElementTree.fromstring(shown).attrib["width"] == "320"
    assert shown == draw_board(position).svg(320) != game._repr_svg_()
    assert len(repr(position)) < 200
