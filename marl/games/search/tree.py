"""The interface of search trees: a player need not know how a tree is grown."""

from __future__ import annotations

from typing import Protocol

from marl.core.game import Game
from marl.games.search.result import ActionStatistics

__all__ = ["Tree"]


class Tree(Protocol):
    """A search tree; the root is the position that is searched from."""

    @property
    def game(self) -> Game:
        """The root's position."""
        ...

    def grow(self, simulations: int, seed: int) -> int:
        """Adds simulations, drawn from a generator of that seed.

        Returns:
            How many: fewer if the root is proven or the tree is full.
        """
        ...

    def statistics(self, path: tuple[int, ...] = ()) -> tuple[ActionStatistics, ...]:
        """Statistics of the actions after a path of actions; empty if nothing beyond it was visited."""
        ...

    def after(self, path: tuple[int, ...]) -> Tree:
        """The subtree after a path of actions, which was visited."""
        ...
