"""Turn-based games as immutable positions: the rules, and what is needed to show them."""

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
    """An action that the rules do not allow; the message says why."""


class Game(Protocol):
    """A position of a game in which players move one after another. Nothing ever changes a position.

    Positions are hashable and equal if play goes on in the same way from both. Seats are numbered from 0
    and stay with their players; returns have one number for each seat. The same player may move
    several times in a row.

    This is what search, players and tournaments need; `GameView` has what is shown to people.
    """

    name: str
    """As the command line has it, e.g. ``tic_tac_toe``."""
    num_players: int
    """``P``."""
    num_actions: int
    """``A``; actions are ``0`` to ``A - 1``, in every position the same."""
    observation_shape: tuple[int, ...]
    """Shape of what `observe` gives."""

    @property
    def mover(self) -> int:
        """The seat whose turn it is; in a finished game whoever it would be."""
        ...

    @property
    def legal(self) -> tuple[int, ...]:
        """The legal actions in rising order; none in a finished game."""
        ...

    @property
    def over(self) -> bool:
        """True if the game is finished."""
        ...

    @property
    def returns(self) -> tuple[float, ...]:
        """Returns of the seats, ``[P]`` between -1 and 1; zeros while the game goes on."""
        ...

    def play(self: G, action: int) -> G:
        """The position after an action of the mover.

        Raises:
            IllegalActionError: naming the action and why it is not legal.
        """
        ...

    def rollout(self, draw: Callable[[], float]) -> tuple[float, ...]:
        """Returns of a game that is played on with actions drawn at random.

        Args:
            draw: gives a number in ``[0, 1)``; called once for each action, ``int(draw() n)`` of the ``n`` legal ones
                in rising order is played.
        """
        ...

    @classmethod
    def kernels(cls) -> Kernels | None:
        """The same rules compiled; None without Numba."""
        ...

    def observe(self, seat: int) -> NDArray[np.int8]:
        """Observation of a seat, of ``observation_shape``, numbers 0 and 1."""
        ...


class GameView(Game, Protocol):
    """A `Game` that can be shown to people and played by hand: the same object, with what only a viewer needs."""

    board_shape: tuple[int, int]
    """Rows and columns of the board that is drawn."""
    block: int
    """A thicker line is drawn after each so many rows and columns."""

    @property
    def caption(self) -> str:
        """Line below the picture for what the marks do not show; empty in all positions if they show everything."""
        ...

    def describe(self, action: int) -> str:
        """An action as a person writes it, e.g. ``5``."""
        ...

    def read(self, text: str) -> int:
        """The action that a person wrote, legal or not.

        Raises:
            IllegalActionError: if it names none.
        """
        ...

    def marks(self) -> Mapping[tuple[int, int], str]:
        """Marks on the board: (row, column) from the top left to a mark, for pictures."""
        ...

    def __str__(self) -> str:
        """The board in lines of text."""
        ...


def view_of(game: Game, use: str, *needed: str) -> GameView:
    """The same game, as one that can be shown.

    Args:
        game: that is to be shown.
        use: what is asked of it, e.g. ``drawn``.
        needed: members of `GameView` without which that cannot be done.

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
    """An action as Python's int, which has no largest: shifted by 81 cells, NumPy's are zero.

    Raises:
        IllegalActionError: if it is no integer.
    """
    try:
        return operator.index(action)
    except TypeError:
        raise IllegalActionError(f"{game.name}: {action!r} is no action; give an integer") from None


def read_number(text: str, first: int, last: int) -> int | None:
    """The number that a person wrote; None if it is none of ``first`` to ``last``."""
    number = int(text) if re.fullmatch(r"\s*[0-9]{1,9}\s*", text) else None
    return number if number is not None and first <= number <= last else None


def check_legal(game: Any, action: int, why: str | None) -> None:
    """Refuses an action.

    Args:
        game: the position.
        action: what was wished.
        why: what forbids it; None if it is legal.

    Raises:
        IllegalActionError: if there is a reason, the game is over or there is no such action.
    """
    if game.over:
        raise IllegalActionError(f"{game.name}: the game is over, {action} cannot be played any more")
    if not 0 <= action < game.num_actions:
        raise IllegalActionError(f"{game.name}: there is no action {action}; actions are 0 to {game.num_actions - 1}")
    if why is not None:
        legal = ", ".join(str(other) for other in game.legal)
        raise IllegalActionError(f"{game.name}: action {action} is not legal: {why}; legal are {legal}")


def play_out(position: Any, draw: Callable[[], float]) -> tuple[float, ...]:
    """A `Game.rollout` for any game, position by position.

    Args:
        position: where play begins.
        draw: see `Game.rollout`.

    Returns:
        ``[P]``, the return of each seat.
    """
    while not position.over:
        legal = position.legal
        position = position.play(legal[int(draw() * len(legal))])
    returns: tuple[float, ...] = position.returns
    return returns
