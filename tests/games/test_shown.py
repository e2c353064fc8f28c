from __future__ import annotations

import io

import imageio.v3 as iio
import pytest

from marl.games.board_picture import board_picture
from marl.games.registry import new_game


@pytest.mark.parametrize("name", ["connect_four", "nine_board", "quarto", "three_marks", "tic_tac_toe"])
def test_every_game_of_the_package_shows_its_board(name: str) -> None:
    game = new_game(name)
    position = game.play(game.legal[-1])
    shown = iio.imread(io.BytesIO(position._repr_png_()))  # type: ignore[attr-defined]
    assert (shown == board_picture(position, 240)).all()  # type: ignore[arg-type]
    assert not (shown == iio.imread(io.BytesIO(game._repr_png_()))).all()  # type: ignore[attr-defined]
    assert len(repr(position)) < 200
