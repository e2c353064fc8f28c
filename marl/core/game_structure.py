"""Phases, parts and symmetries of games, with what holds where a game says nothing; values by seat and by mover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marl.core.errors import ConfigError
from marl.core.game import Game

__all__ = [
    "GameSymmetries",
    "by_seat",
    "part_actions_of",
    "parts_of",
    "phase_of",
    "phases_of",
    "seen_from",
    "symmetries_of",
]


@dataclass(frozen=True, eq=False)
class GameSymmetries:
    """Changes of a game that change nothing in how it is played, the identity first.

    Number ``k`` makes of an observation ``o`` of any seat, flattened, ``o[observation[k]]``, and of numbers ``p`` of
    the actions, e.g. probabilities, ``p[action[k]]``.

    Args:
        observation: ``[K, O]``, permutations of the entries of an observation.
        action: ``[K, A]``, permutations of the actions.

    Raises:
        ValueError: if they are no permutations, or differ in number, or the first is not the identity.
    """

    observation: NDArray[np.int64]
    action: NDArray[np.int64]

    def __post_init__(self) -> None:
        for name, rows in (("observation", self.observation), ("action", self.action)):
            if rows.ndim != 2 or not (np.sort(rows, 1) == np.arange(rows.shape[1])).all():
                raise ValueError(f"symmetries: {name} has rows that are no permutations of 0 to n - 1")
            if not len(rows) or (rows[0] != np.arange(rows.shape[1])).any():
                raise ValueError(f"symmetries: the first row of {name} is not the identity")
        if len(self.observation) != len(self.action):
            raise ValueError(
                f"symmetries: there are {len(self.observation)} of observation and {len(self.action)} of action"
            )

    @property
    def order(self) -> int:
        """Number of symmetries ``K``."""
        return len(self.action)


def phase_of(game: Game) -> int:
    """Phase of a position: which of the game's kinds of moves is to be made; 0 where it says nothing."""
    return int(getattr(game, "phase", 0))


def phases_of(game: Game) -> tuple[tuple[int, ...], ...]:
    """Actions that each phase uses, in rising order; one phase with all where the game says nothing.

    Raises:
        ConfigError: if an action is not there, or is in no phase.
    """
    given: Any = getattr(game, "phases", None)
    if given is None:
        return (tuple(range(game.num_actions)),)
    phases = tuple(tuple(sorted(map(int, actions))) for actions in given)
    used = {action for actions in phases for action in actions}
    if used != set(range(game.num_actions)):
        odd = sorted(used ^ set(range(game.num_actions)))[0]
        what = "is not there" if odd in used else "is in none"
        raise ConfigError(f"{game.name}: of its phases action {odd} {what}; actions are 0 to {game.num_actions - 1}")
    return phases


def parts_of(game: Game) -> NDArray[np.int64]:
    """Parts of an observation that look alike, as the boards of nine-board: ``[K, W]``, places in it, flattened.

    Raises:
        ConfigError: if the game names none, or a place that is not there.
    """
    given: Any = getattr(game, "parts", None)
    if given is None:
        raise ConfigError(f"{game.name} has no parts; take a trunk of kind mlp or conv")
    parts, size = np.asarray(given, np.int64), int(np.prod(game.observation_shape))
    if parts.ndim != 2 or parts.min() < 0 or parts.max() >= size:
        raise ConfigError(f"{game.name}: parts has shape {parts.shape}; give [K, W], places from 0 to {size - 1}")
    return parts


def part_actions_of(game: Game) -> tuple[tuple[int, ...], ...] | None:
    """Actions that belong to each of a game's parts, ``[K, W]``, in one order for all; None if it does not say.

    Raises:
        ConfigError: if there are not as many rows as parts, or an action is not there or belongs to two.
    """
    given: Any = getattr(game, "part_actions", None)
    if given is None:
        return None
    rows = tuple(tuple(map(int, actions)) for actions in given)
    belonging = [action for actions in rows for action in actions]
    fits = len(rows) == len(parts_of(game)) and len({len(actions) for actions in rows}) == 1
    if not fits or len(set(belonging)) < len(belonging) or not set(belonging) <= set(range(game.num_actions)):
        raise ConfigError(
            f"{game.name}: part_actions is {rows}; give for each of its {len(parts_of(game))} parts as many actions, "
            f"from 0 to {game.num_actions - 1}, each once"
        )
    return rows


def seen_from(values: NDArray[Any], mover: NDArray[np.int64]) -> NDArray[Any]:
    """Values of the players as each mover counts them, itself first, from those by seat; both ``[G, P]``.

    Args:
        values: by seat.
        mover: ``[G]``.
    """
    return _turned(values, mover, 1)


def by_seat(values: NDArray[Any], mover: NDArray[np.int64]) -> NDArray[Any]:
    """Values by seat from those that `seen_from` gives."""
    return _turned(values, mover, -1)


def _turned(values: NDArray[Any], mover: NDArray[np.int64], way: int) -> NDArray[Any]:
    """Rows ``[G, P]`` turned by each mover, one way or the other."""
    # plain indices, as this is done once for each evaluation: take_along_axis takes five times as long
    if values.shape[-1] == 2:  # and a swap a third of theirs
        return np.where(mover[:, None] == 0, values, values[:, ::-1])
    seats = np.arange(values.shape[-1])
    found: NDArray[Any] = values[np.arange(len(mover))[:, None], (seats * way + mover[:, None]) * way % len(seats)]
    return found


def symmetries_of(game: Game) -> GameSymmetries | None:
    """Symmetries of a game; None where it names none.

    Raises:
        ConfigError: if they are of another size than its observations and actions.
    """
    given: GameSymmetries | None = getattr(game, "symmetries", None)
    if given is None:
        return None
    sizes = given.observation.shape[1], given.action.shape[1]
    here = int(np.prod(game.observation_shape)), game.num_actions
    if sizes != here:
        raise ConfigError(
            f"{game.name}: its symmetries permute {sizes[0]} entries and {sizes[1]} actions; an observation has "
            f"{here[0]} and there are {here[1]} actions"
        )
    return given
