"""A search tree in arrays, grown by the compiled search."""

from __future__ import annotations

from typing import Any

import numpy as np

from marl.game import Game, Kernels
from marl.search.compiled import simulate, subtree
from marl.search.uct import Line, line_of

__all__ = ["CompiledTree"]


class CompiledTree:
    """A `marl.search.uct.Tree` of `marl.search.compiled`.

    Args:
        game: the root's position.
        kernels: its compiled rules.
        constant: of UCB1.
        solver: whether proven outcomes are backed up.
    """

    def __init__(self, game: Game, kernels: Kernels, constant: float, solver: bool) -> None:
        self.game, self.kernels, self.constant, self.solver = game, kernels, constant, solver
        self.size = 0
        self.arrays = _arrays(0, game.num_players)

    def grow(self, simulations: int, seed: int) -> None:
        """See `Tree`."""
        rules, most = self.kernels, self.kernels.most_legal
        self._reserve(self.size + 1 + simulations * most)
        settings = (self.size, simulations, self.constant, self.solver, seed)
        state = rules.encode(self.game)
        self.size = simulate(rules.legal, rules.play, rules.value, rules.mover, state, *settings, *self.arrays, most)

    def lines(self, path: tuple[int, ...] = ()) -> tuple[Line, ...]:
        """See `Tree`."""
        first, count, action, visits, total, proven = self.arrays
        node = self._at(path)
        if self.size == 0 or first[node] < 0:
            return ()
        children = range(first[node], first[node] + count[node])
        return tuple(line_of(int(action[i]), int(visits[i]), total[i], bool(proven[i])) for i in children)

    def after(self, path: tuple[int, ...]) -> CompiledTree:
        """See `Tree`."""
        position = self.game
        for action in path:
            position = position.play(action)
        kept = CompiledTree(position, self.kernels, self.constant, self.solver)
        if self.size:
            kept.arrays = _arrays(self.size, position.num_players)
            kept.size = subtree(self._at(path), *self.arrays, *kept.arrays)
        return kept

    def _at(self, path: tuple[int, ...]) -> int:
        first, count, action = self.arrays[:3]
        node = 0
        for wished in path:
            children = range(first[node], first[node] + count[node])
            node = next(child for child in children if action[child] == wished)
        return node

    def _reserve(self, size: int) -> None:
        if len(self.arrays[0]) < size:
            larger = _arrays(size, self.game.num_players)
            for old, new in zip(self.arrays, larger, strict=True):
                new[: self.size] = old[: self.size]
            self.arrays = larger


def _arrays(size: int, players: int) -> tuple[Any, ...]:
    """First child, number of children, action, visits, total, proven; see `simulate`."""
    integers = tuple(np.empty(size, dtype=np.int32) for _ in range(4))
    return (*integers, np.empty((size, players)), np.empty(size, dtype=np.bool_))
