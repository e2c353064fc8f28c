"""Players of turn-based games."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from marl.core.game import Game
from marl.games.search.result import ActionStatistics

__all__ = ["Player", "Quit", "Undo", "View"]


@dataclass(frozen=True)
class View:
    """Knowledge of a player about its last choice.

    Args:
        game: position of the choice.
        action: action chosen.
        effort: amount searched.
        unit: unit of the effort, e.g. ``simulations``.
        statistics: of each legal action in rising order.
        principal_variation: actions that the player expects.
    """

    game: Game
    action: int
    effort: int
    unit: str
    statistics: tuple[ActionStatistics, ...]
    principal_variation: tuple[int, ...]


class Undo(Exception):  # noqa: N818
    """Request of a player to go back to its last choice."""


class Quit(Exception):  # noqa: N818
    """Request of a player to end the game unfinished."""


class Player(Protocol):
    """Player of one seat in one game; it may keep a memory of the game."""

    def choose(self, game: Game) -> int:
        """Choose the action to play.

        Args:
            game: not finished; the mover is the player's seat.

        Raises:
            Undo: to go back.
            Quit: to end the game.
        """
        ...

    def view(self) -> View | None:
        """Knowledge about the last choice; None if there was no choice yet, or the player knows nothing."""
        ...
