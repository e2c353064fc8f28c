"""Interface of search trees."""

from __future__ import annotations

from typing import Protocol

from marl.core.game import Game
from marl.games.search.result import ActionStatistics

__all__ = ["Tree"]


class Tree(Protocol):
    """Search tree whose root is the position to search from."""

    @property
    def game(self) -> Game:
        """Position of the root."""
        ...

    def grow(self, simulations: int, seed: int) -> int:
        """Add simulations, drawn from a generator of that seed.

        Returns:
            Simulations done: fewer if the root is proven or the tree is full.
        """
        ...

    def statistics(self, path: tuple[int, ...] = ()) -> tuple[ActionStatistics, ...]:
        """Statistics of the actions after a path of actions; empty if nothing beyond the path was visited."""
        ...

    def after(self, path: tuple[int, ...]) -> Tree:
        """Subtree after a path of actions, which must have been visited."""
        ...
