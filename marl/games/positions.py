"""Positions of many games of one kind side by side, played in lock step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from marl.core.game import Game
from marl.games.places import Places, check_alike
from marl.games.python_positions import PythonPositions
from marl.games.search.kernel_choice import kernels_for

__all__ = ["Positions", "positions_of"]


class Positions(Protocol):
    """Positions of ``G`` games of one kind, each in its own place; ``A`` actions, ``P`` seats, ``O`` observed entries.

    Arrays are made anew when a position changes, so one that was taken before stays as it was; none may be written to.
    """

    @property
    def game(self) -> Game:
        """Any position of the game, for its name and shapes."""
        ...

    @property
    def mover(self) -> NDArray[np.int64]:
        """``[G]``, seat to move."""
        ...

    @property
    def phase(self) -> NDArray[np.int64]:
        """``[G]``, phase of the move to be made."""
        ...

    @property
    def legal(self) -> NDArray[np.bool_]:
        """``[G, A]``, True for legal actions; none in a finished game."""
        ...

    @property
    def over(self) -> NDArray[np.bool_]:
        """``[G]``, True for finished games."""
        ...

    @property
    def returns(self) -> NDArray[np.float64]:
        """``[G, P]``, returns of the seats; zeros while a game goes on."""
        ...

    @property
    def observation(self) -> NDArray[np.int8]:
        """``[G, O]``, observation of each mover, flattened; made at each request.

        Raises:
            ConfigError: if the compiled rules have none.
        """
        ...

    def __len__(self) -> int:
        """Number of games ``G``."""
        ...

    def play(self, actions: NDArray[np.int64]) -> None:
        """Play an action in each place; -1 leaves a position as it is.

        Args:
            actions: ``[G]``.

        Raises:
            IllegalActionError: if an action is not legal; names the game and the place.
        """
        ...

    def replace(self, where: Places, games: Sequence[Game]) -> None:
        """Put other positions in some places."""
        ...

    def take(self, where: Places) -> Positions:
        """Copy of some places, on its own."""
        ...

    def rollout(self, seed: int) -> NDArray[np.float64]:
        """Returns ``[G, P]`` of each game, none of them finished, if it is played to its end at random.

        Args:
            seed: of the draws, below 2^32; both kinds of positions draw the same.
        """
        ...

    def state(self) -> NDArray[np.int64]:
        """Everything that the positions are, ``[G, D]``; see `load_state`.

        Raises:
            ConfigError: if they cannot be stored.
        """
        ...

    def load_state(self, state: NDArray[np.int64], where: Places | None = None) -> None:
        """Put positions that `state` gave in some places, or in all.

        Rows of positions in Python are the actions since the first position of the game, -1 after the last; so they
        may be put in positions made of that same first position only, and those of compiled rules in any.

        Args:
            state: ``[n, D]``.
            where: ``n`` places; None for all.

        Raises:
            ConfigError: if it has another shape.
            IllegalActionError: if its actions are not legal.
        """
        ...


def positions_of(games: Sequence[Game], compiled: bool | None = None) -> Positions:
    """Positions of games of one kind, side by side.

    Args:
        games: at least one.
        compiled: True for compiled rules, False for Python, None for compiled ones where they are.

    Raises:
        ValueError: for no game, or games of different names or shapes; see `kernels_for` too.
    """
    if not games:
        raise ValueError("positions of no game; give at least one")
    check_alike(games[0], games)
    kernels = kernels_for(games[0], compiled)
    if kernels is None:
        return PythonPositions(games)
    from marl.games.search.compiled.positions import CompiledPositions  # needs Numba, which is not always there

    return CompiledPositions(games[0], kernels, np.stack([kernels.encode(game) for game in games]))
