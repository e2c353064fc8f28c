"""Pictures of a game in which a player shows what it searched before each move."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from marl.core.game import GameView
from marl.core.scene import Picture
from marl.games.board_picture import draw_board, drawable
from marl.games.openings import random_opening
from marl.games.search.result import ActionStatistics
from marl.pictures.shapes import Drawing
from marl.players.player import Player

__all__ = ["Moment", "play_moments", "sheet"]

WIDTH = 540
"""Of a picture, in pixels."""


class Moment(NamedTuple):
    """One position of a game.

    Args:
        game: the position.
        before: the one before it; None at first.
        statistics: that the player found, of each legal action; empty at the end, and of a player that shows nothing.
        line: actions that it expects.
    """

    game: GameView
    before: GameView | None
    statistics: Sequence[ActionStatistics]
    line: Sequence[int] = ()

    def drawing(self) -> Drawing:
        """Drawing; all moments of a game have one size."""
        return draw_board(self.game, self.before, self.statistics)

    def picture(self, width: int = WIDTH) -> Picture:
        """Picture ``[H, W, 3]``."""
        return self.drawing().pixels(width)


def play_moments(
    first: GameView, player: Player, random_moves: int, generator: np.random.Generator, watch: Callable[[], object]
) -> Iterator[Moment]:
    """Play a game of a player against itself, and yield its positions after the opening.

    Args:
        first: first position.
        player: plays all seats.
        random_moves: of the opening, drawn evenly.
        generator: of the opening.
        watch: called before each search.

    Raises:
        ConfigError: for a game that cannot be drawn, or does not last as long as its opening.
    """
    game, before = drawable(first), None
    for action in random_opening(first, random_moves, generator):
        game, before = game.play(action), game
    while not game.over:
        watch()
        action = player.choose(game)
        view = player.view()
        yield Moment(game, before, *((view.statistics, view.principal_variation) if view else ((), ())))
        game, before = game.play(action), game
    yield Moment(game, before, ())


def sheet(moments: Sequence[Moment], width: int = WIDTH) -> Picture:
    """Four positions in one picture, in the order of reading: the first, two between, the last.

    Args:
        moments: of one game.
        width: of each position, in pixels.
    """
    from marl.pictures.sheet import contact_sheet  # Matplotlib takes a moment to import

    return contact_sheet(moments[round(place * (len(moments) - 1) / 3)].picture(width) for place in range(4))
