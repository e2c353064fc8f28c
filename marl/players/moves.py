"""Moves as a person writes them."""

from __future__ import annotations

import re

from marl.core.game import Game, IllegalActionError

__all__ = ["listed", "read_move"]


def listed(game: Game) -> str:
    """All legal moves, in the order of their numbers as a person writes them."""
    return ", ".join(sorted((game.describe(action) for action in game.legal), key=_numbers))


def _numbers(move: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", move)]


def read_move(game: Game, text: str) -> int:
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
