"""Places of games side by side, and checks of what is put there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from marl.core.errors import ConfigError
from marl.core.game import Game

__all__ = ["Places", "check_alike", "check_state", "indices_of"]

Places = NDArray[np.bool_] | NDArray[np.int64]
"""Some of ``G`` places: a mask ``[G]``, or indices in rising order."""


def check_alike(first: Game, games: Sequence[Game]) -> None:
    """Raise an error for games that cannot stand beside a first one.

    Raises:
        ValueError: naming both.
    """
    for game in games:
        if (game.name, game.num_players, game.num_actions) != (first.name, first.num_players, first.num_actions):
            raise ValueError(f"{game.name} cannot stand beside {first.name}: positions are of one game")


def check_state(name: str, state: NDArray[np.int64], rows: int, width: int | None) -> None:
    """Raise an error for a stored state of another shape.

    Raises:
        ConfigError: naming the game and both shapes.
    """
    if state.ndim != 2 or len(state) != rows or width not in (None, state.shape[1]):
        expected = f"[{rows}, {'any' if width is None else width}]"
        raise ConfigError(f"{name}: a stored state has the shape {list(state.shape)}; needed is {expected}")


def indices_of(where: Places) -> list[int]:
    """Indices of places, however they are given."""
    found: list[int] = (np.flatnonzero(where) if where.dtype == np.bool_ else where).tolist()
    return found
