"""Players of turn-based games."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from marl.core.game import Game
from marl.games.search.result import ActionStatistics

__all__ = ["ManyPlayer", "Player", "Quit", "Undo", "View", "choose_all"]

MOST_AT_ONCE = 256
"""Positions that are handed to a `ManyPlayer` together."""


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


class ManyPlayer(Player, Protocol):
    """Player that can choose in many positions at once, which have nothing to do with each other."""

    def choose_many(self, games: Sequence[Game]) -> Sequence[int]:
        """Choose the action to play in each position, and remember nothing of them.

        Args:
            games: not finished.
        """
        ...


def choose_all(make: Callable[[int], Player], games: Sequence[Game]) -> Iterator[int]:
    """Actions of a player in positions that have nothing to do with each other, each as soon as it is chosen.

    A `ManyPlayer` is made once and gets many positions at once. Of any other player a new one chooses in each position,
    as one that keeps its tree would go on with what it searched before.

    Args:
        make: makes the player, from the number of the first position in which it chooses.
        games: not finished.
    """
    choose_many = getattr(make(0), "choose_many", None) if games else None
    if choose_many is None:
        yield from (make(number).choose(game) for number, game in enumerate(games))
        return
    for begin in range(0, len(games), MOST_AT_ONCE):
        yield from choose_many(games[begin : begin + MOST_AT_ONCE])
