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
        game: the position in which it chose.
        action: what it chose.
        effort: how much it looked at.
        unit: of the effort, e.g. ``simulations``.
        statistics: of each legal action in rising order.
        principal_variation: actions that it expects.
    """

    game: Game
    action: int
    effort: int
    unit: str
    statistics: tuple[ActionStatistics, ...]
    principal_variation: tuple[int, ...]


class Undo(Exception):  # noqa: N818
    """Go back to the player's last choice, as it wishes."""


class Quit(Exception):  # noqa: N818
    """End the game unfinished, as a player wishes."""


class Player(Protocol):
    """Plays one seat of one game; it may remember what came before."""

    def choose(self, game: Game) -> int:
        """The action to play.

        Args:
            game: not finished, and the player's seat is the mover.

        Raises:
            Undo: to go back.
            Quit: to end the game.
        """
        ...

    def view(self) -> View | None:
        """Knowledge about the last choice; None if the player chose nothing yet, or knows nothing."""
        ...
