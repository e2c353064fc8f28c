"""Moves as a person writes them."""

from __future__ import annotations

import re

from marl.core.game import Game, GameView, IllegalActionError, view_of

__all__ = ["listed", "read_move", "written"]


def written(game: Game) -> GameView:
    """The same game, as one whose moves a person can read and write.

    Raises:
        ConfigError: naming the game and what it lacks.
    """
    return view_of(game, "played by hand", "describe", "read")


def listed(game: GameView) -> str:
    """All legal moves, in the order of their numbers as a person writes them."""
    return ", ".join(sorted((game.describe(action) for action in game.legal), key=_numbers))


def _numbers(move: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", move)]


def read_move(game: GameView, text: str) -> int:
    """The action that a person wrote.

    Raises:
        IllegalActionError: if it names none, or is not legal; in the words of a person, not in numbers of actions.
    """
    action, text = game.read(text), text.strip()
    if game.over:
        raise IllegalActionError(f"{game.name}: the game is over, {text} cannot be played any more")
    if action not in game.legal:
        raise IllegalActionError(f"{game.name}: {text} is not legal here; legal are {listed(game)}")
    return action
