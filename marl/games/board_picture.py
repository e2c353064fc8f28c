"""Drawings of positions: the board, the last move, the line that won, and what a search found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marl.core.game import Game, GameView, view_of
from marl.games.search.result import ActionStatistics
from marl.pictures.shapes import Box, Circle, Drawing, Line, Polygon, Shape, Text

__all__ = ["board_picture", "draw_board", "drawable", "squares"]

CELL, ASIDE = 60, 8
"""Units of a cell's side; things in a row below the board."""
STRIP, UNDER = 1 / 12, 0.9
"""Height of a line of text, as a share of the width, and of what is written below a thing, as a share of its side."""
LINE, EDGE, GREY, LAST, PLAYED, SEARCHED = "#909090", "#202020", "#6B6B6B", "#FFE9A8", "#EAF2FA", "#56B4E9"
COLOURS = {"X": "#0072B2", "O": "#D55E00", "Z": "#009E73"}


class _Place(NamedTuple):
    """Square in which something lies: left, top and side, in units."""

    x: float
    y: float
    side: float

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.side / 2, self.y + self.side / 2


def drawable(game: Game) -> GameView:
    """Check that a game can be drawn, and return it as a view.

    Raises:
        ConfigError: naming the game and the members that it lacks.
    """
    return view_of(game, "drawn", "board_shape", "block", "caption", "marks")


def board_picture(
    game: GameView,
    width: int = 360,
    before: GameView | None = None,
    statistics: Sequence[ActionStatistics] | None = None,
) -> NDArray[np.uint8]:
    """Picture of a position ``[H, W, 3]``; see `draw_board`.

    Args:
        game: the position.
        width: ``W`` in pixels; the height follows.
        before: see `draw_board`.
        statistics: see `draw_board`.

    Raises:
        ConfigError: for a game that is no view; see `drawable`.
    """
    return draw_board(game, before, statistics).pixels(width)


def draw_board(
    game: GameView, before: GameView | None = None, statistics: Sequence[ActionStatistics] | None = None
) -> Drawing:
    """Drawing of a position; all positions of a game have the same size.

    Marks are crosses, rings, triangles, Quarto's pieces (a mark of four bits) or text; free cells that may be played
    on have the name of the action. The block of cells that is to be played on is tinted, if there are several.
    Things beside the board (``aside``) lie below it, and at the end the caption, if the game has captions.

    Args:
        game: the position.
        before: the one before it; the move that led from it is marked.
        statistics: of a search from the position, shown in the cells; a strip below says what the numbers are. Empty
            for a strip without them, as pictures of one film have one size.

    Raises:
        ConfigError: for a game that is no view; see `drawable`.
    """
    game = drawable(game)
    rows, columns = game.board_shape
    width, strip = columns * CELL, columns * CELL * STRIP
    found = {each.action: each for each in statistics or ()}
    shapes = [
        *_grounds(game, before, found),
        *_grid(rows, columns, game.block),
        *(shape for cell, mark in game.marks().items() for shape in _mark(mark, _cell(cell))),
        *(shape for action, mark in _aside(game).items() for shape in _mark(mark, _beside(game, action))),
        *_names(game, found),
        *_line_won(game),
    ]
    height = rows * CELL + -(-getattr(game, "aside_size", 0) // ASIDE) * (1 + UNDER) * width / ASIDE
    captions = [game.caption] if _captioned(game) else []
    for text in captions if statistics is None else [*captions, _legend(game, found)]:
        size = min(0.55 * strip, 1.8 * width / max(len(text), 1))  # a letter is about half as wide as high
        shapes += [Line(((0, height), (width, height)), LINE, 1)]
        shapes += [Text((width / 2, height + strip / 2), text, EDGE, size)]
        height += strip
    return Drawing(width, height, shapes, f"{game.name}: {game.caption or _state(game)}")


def squares(game: GameView) -> dict[int, tuple[float, float, float]]:
    """Square of the drawing in which each legal action shows, as left, top and side; those that show nowhere lack one.

    Args:
        game: the position; see `drawable`.
    """
    places = {action: _place_of(game, action) for action in game.legal}
    return {action: (place.x, place.y, place.side) for action, place in places.items() if place is not None}


def _captioned(game: GameView) -> bool:
    return not (isinstance(getattr(type(game), "caption", None), str) and not game.caption)


def _state(game: GameView) -> str:
    return "the game is over" if game.over else f"player {game.mover + 1} of {game.num_players} is to move"


def _aside(game: GameView) -> Mapping[int, str]:
    things: Mapping[int, str] = getattr(game, "aside", dict)()
    return things


def _cell(cell: tuple[int, int]) -> _Place:
    return _Place(cell[1] * CELL, cell[0] * CELL, CELL)


def _beside(game: GameView, action: int) -> _Place:
    rows, columns = game.board_shape
    side = columns * CELL / ASIDE
    return _Place(action % ASIDE * side, rows * CELL + action // ASIDE * side * (1 + UNDER), side)


def _place_of(game: GameView, action: int) -> _Place | None:
    """Place where an action shows: the cell that it changes, or the thing beside the board that it takes."""
    changed = game.play(action).marks().items() - game.marks().items()
    if changed:
        return _cell(next(iter(changed))[0])
    return _beside(game, action) if action in _aside(game) else None


def _grounds(game: GameView, before: GameView | None, found: Mapping[int, ActionStatistics]) -> Iterator[Shape]:
    """Tints below the marks: the block to be played on, what was searched, the last move."""
    (rows, columns), block = game.board_shape, game.block
    legal = [] if game.over else [place for action in game.legal if (place := _place_of(game, action))]
    blocks = {(place.x // (block * CELL), place.y // (block * CELL)) for place in legal}
    if len(blocks) == 1 and block < max(rows, columns):
        ((column, row),) = blocks
        yield Box((column * block * CELL, row * block * CELL), block * CELL, block * CELL, PLAYED)
    total = sum(each.visits for each in found.values())
    for action, each in found.items():
        if each.visits and (place := _place_of(game, action)):
            yield Box((place.x, place.y), place.side, place.side, _blend(SEARCHED, each.visits / total))
    if before is not None:
        last = next((action for action in before.legal if before.play(action) == game), None)
        if last is not None and (place := _place_of(before, last)):
            yield Box((place.x, place.y), place.side, place.side, LAST)


def _blend(colour: str, share: float) -> str:
    """A colour on white paper."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 + (part - 255) * share):02X}" for part in parts)


def _grid(rows: int, columns: int, block: int) -> Iterator[Shape]:
    for across, along, vertical in ((columns, rows, True), (rows, columns, False)):
        for i in range(1, across):
            thick = block < across and i % block == 0
            ends = ((i * CELL, 0), (i * CELL, along * CELL))
            turned = ends if vertical else tuple((y, x) for x, y in ends)
            yield Line(turned, EDGE if thick else LINE, 4 if thick else 1.5)
    yield Box((0, 0), columns * CELL, rows * CELL, edge=EDGE, stroke=2)


def _mark(mark: str, place: _Place) -> Iterator[Shape]:
    (x, y), reach, stroke = place.middle, 0.3 * place.side, place.side / 10
    colour = COLOURS.get(mark, EDGE)
    if mark == "X":
        for sign in (1, -1):
            yield Line(((x - reach, y - sign * reach), (x + reach, y + sign * reach)), colour, stroke)
    elif mark == "O":
        yield Circle((x, y), reach - stroke / 2, edge=colour, width=stroke)
    elif mark == "Z":
        yield Polygon(((x, y - reach), (x + reach, y + reach), (x - reach, y + reach)), edge=colour, width=stroke)
    elif len(mark) == 4 and set(mark) <= {"0", "1"}:
        yield from _piece(mark, place)
    else:
        yield Text((x, y), mark, colour, 0.4 * place.side)


def _piece(bits: str, place: _Place) -> Iterator[Shape]:
    """One of Quarto's pieces: its bits say hollow, square, dark and large."""
    hollow, square, dark, large = (bit == "1" for bit in bits)
    colour = COLOURS["X" if dark else "O"]
    (x, y), reach = place.middle, place.side * (0.36 if large else 0.22)
    if square:
        yield Box((x - reach, y - reach), 2 * reach, 2 * reach, colour, EDGE, place.side / 40)
    else:
        yield Circle((x, y), reach, colour, EDGE, place.side / 40)
    if hollow:
        yield Circle((x, y), 0.1 * place.side, "#FFFFFF", EDGE, place.side / 40)


def _names(game: GameView, found: Mapping[int, ActionStatistics]) -> Iterator[Shape]:
    """Texts of free cells: the name of their action, or what a search found."""
    things, describe = _aside(game), getattr(game, "describe", str)
    total = sum(each.visits for each in found.values())
    for action in () if game.over else game.legal:
        place = _place_of(game, action)
        if place is None:
            continue
        (x, y), side = place.middle, place.side
        lines, colour = [describe(action).split()[-1]], GREY  # a board is not named in each of its cells
        if action in found:
            lines, colour = _numbers(found[action], game.mover, total), EDGE
        if action in things:
            y = place.y + (1 + UNDER / 2) * side
        for number, text in enumerate(lines):
            yield Text((x, y + (number - (len(lines) - 1) / 2) * 0.29 * side), text, colour, 0.26 * side)


def _numbers(each: ActionStatistics, mover: int, total: int) -> list[str]:
    lines = [f"{each.visits / max(total, 1):.0%}", f"{each.value[mover]:+.2f}"]
    return lines if each.prior is None else [*lines, f"({each.prior:.0%})"]


def _legend(game: GameView, found: Mapping[int, ActionStatistics]) -> str:
    if not found:
        return ""
    priors = ", (network's prior)" if any(each.prior is not None for each in found.values()) else ""
    return f"share of the visits, value for {_who(game)}{priors}"


def _who(game: GameView) -> str:
    return "XOZ"[game.mover] if set(game.marks().values()) <= set("XOZ") else f"player {game.mover + 1}"


def _line_won(game: GameView) -> Iterator[Shape]:
    cells: tuple[tuple[int, int], ...] = getattr(game, "line", ())
    if cells:
        first, last = _cell(min(cells)).middle, _cell(max(cells)).middle
        yield Line((first, last), EDGE, 5)
