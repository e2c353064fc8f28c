"""Search trees behind one interface, so that a player needs not know how they are grown."""

from __future__ import annotations

from typing import Protocol

from marl.core.game import Game
from marl.games.search.result import Line, line_of
from marl.games.search.tree import Node, draws_of, random_playout, simulate, ucb1

__all__ = ["PythonTree", "Tree"]


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

    def lines(self, path: tuple[int, ...] = ()) -> tuple[Line, ...]:
        """What is known after a path of actions; empty if it was not visited."""
        ...

    def after(self, path: tuple[int, ...]) -> Tree:
        """The subtree after a path of actions, which was visited."""
        ...


class PythonTree:
    """A `Tree` of `marl.games.search.tree`."""

    def __init__(self, root: Node, constant: float, solver: bool) -> None:
        self.root, self.constant, self.solver = root, constant, solver

    @property
    def game(self) -> Game:
        """The root's position."""
        game: Game = self.root.game
        return game

    def grow(self, simulations: int, seed: int) -> int:
        """See `Tree`."""
        return simulate(self.root, simulations, ucb1(self.constant), random_playout, draws_of(seed), self.solver)

    def lines(self, path: tuple[int, ...] = ()) -> tuple[Line, ...]:
        """See `Tree`."""
        node, players = self._at(path), self.game.num_players
        return tuple(
            Line(action, 0, (0.0,) * players, False)
            if child is None
            else line_of(action, child.visits, child.total, child.proven)
            for action, child in zip(node.actions, node.children, strict=True)
        )

    def after(self, path: tuple[int, ...]) -> PythonTree:
        """See `Tree`."""
        return PythonTree(self._at(path), self.constant, self.solver)

    def _at(self, path: tuple[int, ...]) -> Node:
        node = self.root
        for action in path:
            node = node.children[node.actions.index(action)]
        return node
