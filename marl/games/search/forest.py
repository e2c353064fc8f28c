"""Interface of the trees of many games that grow in lock step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from marl.games.positions import Positions
from marl.games.search.result import ActionStatistics

__all__ = ["Forest", "Roots", "Valued"]


class Valued(NamedTuple):
    """Valued positions of ``n`` games.

    Args:
        positions: the positions, none of them finished.
        prior: ``[n, A]``, probabilities; 0 for illegal actions.
        logits: ``[n, A]``, their logarithms up to a constant of each row; -inf for illegal actions.
        values: ``[n, P]``, by absolute seat.
    """

    positions: Positions
    prior: NDArray[np.float32]
    logits: NDArray[np.float32]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Roots:
    """Statistics of the roots of ``G`` trees.

    Args:
        visits: ``[G, A]``, simulations that began with an action.
        values: ``[G, A, P]``, mean values after it, or the proven outcome; zeros if it was not visited.
        proven_actions: ``[G, A]``, True if the outcome after it is known.
        improved: ``[G, A]``, logits plus scaled values by Gumbel's rule; -inf for illegal actions.
        simulations: ``[G]``, simulations done.
        totals: ``[G, P]``, sum of the values of a root and its simulations; of a proven one the outcome.
        proven: ``[G]``, True if the outcome of perfect play is known.
    """

    visits: NDArray[np.int32]
    values: NDArray[np.float64]
    proven_actions: NDArray[np.bool_]
    improved: NDArray[np.float64]
    simulations: NDArray[np.int64]
    totals: NDArray[np.float64]
    proven: NDArray[np.bool_]


class Forest(Protocol):
    """Trees of many games, used again from search to search."""

    room: int
    """Number of trees that there may be."""

    def begin(self, roots: Valued, noise: NDArray[np.float64]) -> Positions | None:
        """Begin new trees.

        Args:
            roots: the roots; with whatever noise their prior is to have.
            noise: ``[G, A]``, Gumbel noise of their actions.

        Returns:
            See `grow`.
        """
        ...

    def grow(self, leaves: Valued, last: bool = False) -> Positions | None:
        """Add the valued positions, of the last call, to their trees.

        Args:
            leaves: these positions.
            last: True to end the search of all games with them.

        Returns:
            The next new positions in the games whose search goes on, in the order of the games; None if there is none.
        """
        ...

    def roots(self) -> Roots:
        """Statistics of the roots."""
        ...

    def statistics(self, tree: int, path: tuple[int, ...]) -> tuple[ActionStatistics, ...]:
        """Statistics of the actions after a path of actions from a root; none where nothing is known.

        Args:
            tree: its number.
            path: actions that were visited.
        """
        ...
