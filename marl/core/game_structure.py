"""Phases and symmetries of games: what a learner may ask of a `Game`, with what holds where a game says nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marl.core.errors import ConfigError
from marl.core.game import Game

__all__ = ["GameSymmetries", "phase_of", "phases_of", "symmetries_of"]


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
    """Actions that each phase uses; one phase with all where the game says nothing.

    Raises:
        ConfigError: if an action is not there, or is in no phase.
    """
    given: Any = getattr(game, "phases", None)
    if given is None:
        return (tuple(range(game.num_actions)),)
    phases = tuple(tuple(map(int, actions)) for actions in given)
    used = {action for actions in phases for action in actions}
    if used != set(range(game.num_actions)):
        odd = sorted(used ^ set(range(game.num_actions)))[0]
        what = "is not there" if odd in used else "is in none"
        raise ConfigError(f"{game.name}: of its phases action {odd} {what}; actions are 0 to {game.num_actions - 1}")
    return phases


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
