"""Turn-based games as immutable positions: their rules, and what a viewer needs."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from marl.core.errors import ConfigError
from marl.core.kernels import Kernels

__all__ = [
    "Game",
    "GameView",
    "IllegalActionError",
    "as_action",
    "check_legal",
    "play_out",
    "read_number",
    "view_of",
]

G = TypeVar("G", bound="Game")


class IllegalActionError(ValueError):
    """Action that the rules do not allow; the message says why."""


class Game(Protocol):
    """Immutable position of a turn-based game.

    Positions are hashable; two are equal if play continues in the same way from both. Seats are numbered from 0
    and stay with their players; returns have one number for each seat. The same player may move
    several times in a row.

    Search, players and tournaments need only this; `GameView` adds what is shown to people. A game may say more, for
    those who learn it: ``phase``, ``phases`` and ``symmetries``, see `marl.core.game_structure`.
    """

    name: str
    """Name on the command line, e.g. ``tic_tac_toe``."""
    num_players: int
    """Number of players ``P``."""
    num_actions: int
    """Number of actions ``A``; actions are ``0`` to ``A - 1`` in every position."""
    observation_shape: tuple[int, ...]
    """Shape of the array that `observe` returns."""

    @property
    def mover(self) -> int:
        """Seat whose turn it is; in a finished game the seat that would move next."""
        ...

    @property
    def legal(self) -> tuple[int, ...]:
        """Legal actions in rising order; empty in a finished game."""
        ...

    @property
    def over(self) -> bool:
        """True if the game is finished."""
        ...

    @property
    def returns(self) -> tuple[float, ...]:
        """Returns of the seats, ``[P]`` in ``[-1, 1]``; zeros while the game goes on."""
        ...

    def play(self: G, action: int) -> G:
        """Position after an action of the mover.

        Raises:
            IllegalActionError: if the action is not legal; names it and the reason.
        """
        ...

    def rollout(self, draw: Callable[[], float]) -> tuple[float, ...]:
        """Returns ``[P]`` of the game played to its end with random actions.

        Args:
            draw: returns a number in ``[0, 1)``; called once for each action. Of the ``n`` legal actions in rising
                order the one at ``int(draw() n)`` is played.
        """
        ...

    @classmethod
    def kernels(cls) -> Kernels | None:
        """The same rules compiled by Numba; None without Numba."""
        ...

    def observe(self, seat: int) -> NDArray[np.int8]:
        """Observation of a seat: zeros and ones of ``observation_shape``."""
        ...


class GameView(Game, Protocol):
    """A `Game` that can be shown to people and played by hand: the same object, with the members of a viewer.

    It may say more: ``line``, the (row, column) of the cells that won, and for things beside the board, such as pieces
    that are left, ``aside()``, an action to the mark that it takes, and ``aside_size``, their largest number.
    """

    board_shape: tuple[int, int]
    """Rows and columns of the board."""
    block: int
    """Number of rows and columns between thicker lines."""

    @property
    def caption(self) -> str:
        """Line below the picture, for facts that the marks do not show; empty in all positions if there are none."""
        ...

    def describe(self, action: int) -> str:
        """Name of an action as a person writes it, e.g. ``5``."""
        ...

    def read(self, text: str) -> int:
        """Action that a person wrote, legal or not.

        Raises:
            IllegalActionError: if the text names no action.
        """
        ...

    def marks(self) -> Mapping[tuple[int, int], str]:
        """Marks on the board: (row, column) from the top left to a mark, for pictures.

        X, O and Z are a cross, a ring and a triangle, four bits a piece of Quarto; other texts are shown as they are.
        """
        ...

    def __str__(self) -> str:
        """Board as lines of text."""
        ...


def view_of(game: Game, use: str, *needed: str) -> GameView:
    """View of a game: the same object, checked for the members that a use needs.

    Args:
        game: the game.
        use: participle for the error text, e.g. ``drawn``.
        needed: members of `GameView` that the use needs.

    Raises:
        ConfigError: naming the game and the members that it lacks.
    """
    missing = [name for name in needed if not hasattr(game, name)]
    if missing:
        raise ConfigError(
            f"{game.name} cannot be {use}: it has no {', '.join(missing)}; rules alone can be searched, and a "
            "marl.core.game.GameView can be shown too: add what is missing"
        )
    return cast(GameView, game)


def as_action(game: Any, action: Any) -> int:
    """Convert an action to a Python int, which has no largest: NumPy's overflow to zero when shifted by 81 cells.

    Raises:
        IllegalActionError: if it is no integer.
    """
    try:
        return operator.index(action)
    except TypeError:
        raise IllegalActionError(f"{game.name}: {action!r} is no action; give an integer") from None


def read_number(text: str, first: int, last: int) -> int | None:
    """Read a number from ``first`` to ``last``; None if the text is no such number."""
    number = int(text) if re.fullmatch(r"\s*[0-9]{1,9}\s*", text) else None
    return number if number is not None and first <= number <= last else None


def check_legal(game: Any, action: int, why: str | None) -> None:
    """Raise an error for an illegal action.

    Args:
        game: the position.
        action: the action to check.
        why: reason why the rules forbid it; None if it is legal.

    Raises:
        IllegalActionError: if a reason is given, the game is over or there is no such action.
    """
    if game.over:
        raise IllegalActionError(f"{game.name}: the game is over, {action} cannot be played any more")
    if not 0 <= action < game.num_actions:
        raise IllegalActionError(f"{game.name}: there is no action {action}; actions are 0 to {game.num_actions - 1}")
    if why is not None:
        legal = ", ".join(str(other) for other in game.legal)
        raise IllegalActionError(f"{game.name}: action {action} is not legal: {why}; legal are {legal}")


def play_out(position: Any, draw: Callable[[], float]) -> tuple[float, ...]:
    """Play a game to its end with random actions, position by position: a `Game.rollout` for any game.

    Args:
        position: the first position.
        draw: see `Game.rollout`.

    Returns:
        Returns of the seats, ``[P]``.
    """
    while not position.over:
        legal = position.legal
        position = position.play(legal[int(draw() * len(legal))])
    returns: tuple[float, ...] = position.returns
    return returns
