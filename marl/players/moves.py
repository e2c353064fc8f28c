"""Moves as a person writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from marl.core.game import Game, GameView, IllegalActionError, view_of

__all__ = ["MOST_SHOWN", "line_words", "listed", "read_move", "written"]

MOST_SHOWN = 6
"""Moves of a best line that a page has room for."""


def written(game: Game) -> GameView:
    """Check that a person can read and write the moves of a game, and return it as a view.

    Raises:
        ConfigError: naming the game and the members that it lacks.
    """
    return view_of(game, "played by hand", "describe", "read")


def listed(game: GameView) -> str:
    """All legal moves as a person writes them, in the order of their numbers."""
    return ", ".join(sorted((game.describe(action) for action in game.legal), key=_numbers))


def line_words(game: GameView, actions: Sequence[int]) -> str:
    """Some actions in turn, as a person writes them."""
    moves = []
    for action in actions:
        moves.append(game.describe(action))
        game = game.play(action)
    return ", ".join(moves)


def _numbers(move: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", move)]


def read_move(game: GameView, text: str) -> int:
    """Action that a person wrote.

    Raises:
        IllegalActionError: if the text names no legal action; the message has names of moves, not numbers of actions.
    """
    action, text = game.read(text), text.strip()
    if game.over:
        raise IllegalActionError(f"{game.name}: the game is over, {text} cannot be played any more")
    if action not in game.legal:
        raise IllegalActionError(f"{game.name}: {text} is not legal here; legal are {listed(game)}")
    return action
