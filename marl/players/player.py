"""What a player of a turn-based game is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from marl.core.game import Game
from marl.games.search.result import Line

__all__ = ["Player", "Quit", "Undo", "View"]


@dataclass(frozen=True)
class View:
    """What a player knows about its last choice.

    Args:
        game: the position in which it chose.
        action: what it chose.
        effort: how much it looked at.
        unit: of the effort, e.g. ``simulations``.
        lines: for each legal action in rising order.
        best_line: actions that it expects.
    """

    game: Game
    action: int
    effort: int
    unit: str
    lines: tuple[Line, ...]
    best_line: tuple[int, ...]


class Undo(Exception):  # noqa: N818
    """A player wishes to go back to its last choice."""


class Quit(Exception):  # noqa: N818
    """A player wishes to end the game unfinished."""


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
        """What the player knows about its last choice; None if it chose nothing yet, or knows nothing."""
        ...
