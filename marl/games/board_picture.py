"""Pictures of boards."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from marl.core.game import Game, GameView, view_of

__all__ = ["board_picture", "drawable"]

LINE, EDGE, PAPER = "#909090", "#202020", "#FFFFFF"
CAPTION = 1 / 12
"""Height of the caption, as a share of the width."""
COLOURS = {"X": "#0072B2", "O": "#D55E00", "Z": "#009E73"}


def drawable(game: Game) -> GameView:
    """Check that a game can be drawn, and return it as a view.

    Raises:
        ConfigError: naming the game and the members that it lacks.
    """
    return view_of(game, "drawn", "board_shape", "block", "caption", "marks")


def board_picture(game: GameView, width: int = 360) -> NDArray[np.uint8]:
    """Picture of the board: crosses, rings, triangles, or the text of other marks; below it the caption, if any.

    Args:
        game: the position.
        width: ``W`` in pixels; the height follows from the board's shape, and a caption adds to it.

    Returns:
        ``[H, W, 3]``.

    Raises:
        ConfigError: for a game that is no view; see `drawable`.
    """
    game = drawable(game)
    rows, columns = game.board_shape
    cell = width / columns
    below = round(width * CAPTION) if game.caption else 0
    picture = Image.new("RGB", (width, round(cell * rows) + below), PAPER)
    pen = ImageDraw.Draw(picture)
    _grid(pen, rows, columns, cell, game.block)
    for (row, column), mark in game.marks().items():
        _mark(pen, mark, (column + 0.5) * cell, (row + 0.5) * cell, cell)
    if below:
        pen.line([(0, cell * rows), (width, cell * rows)], EDGE, 1)
        pen.text(
            (width / 2, cell * rows + below / 2), game.caption, EDGE, ImageFont.load_default(0.6 * below), anchor="mm"
        )
    return np.asarray(picture)


def _grid(pen: ImageDraw.ImageDraw, rows: int, columns: int, cell: float, block: int) -> None:
    for across, along, vertical in ((columns, rows, True), (rows, columns, False)):
        for i in range(1, across):
            thick = block < across and i % block == 0
            ends = ((i * cell, 0), (i * cell, along * cell))
            pen.line(
                ends if vertical else [(y, x) for x, y in ends],
                EDGE if thick else LINE,
                max(1, int(cell / 40)) * (1 + 2 * thick),
            )


def _mark(pen: ImageDraw.ImageDraw, mark: str, x: float, y: float, cell: float) -> None:
    reach, stroke = 0.3 * cell, max(2, round(cell / 10))
    colour = COLOURS.get(mark, EDGE)
    if mark == "X":
        for sign in (1, -1):
            pen.line([(x - reach, y - sign * reach), (x + reach, y + sign * reach)], colour, stroke)
    elif mark == "O":
        pen.ellipse([x - reach, y - reach, x + reach, y + reach], outline=colour, width=stroke)
    elif mark == "Z":
        corners = [(x, y - reach), (x + reach, y + reach), (x - reach, y + reach)]
        pen.polygon(corners, outline=colour, width=stroke)
    else:
        pen.text((x, y), mark, colour, ImageFont.load_default(0.4 * cell), anchor="mm")
