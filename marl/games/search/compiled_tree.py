"""A search tree in arrays, grown by the compiled search."""

from __future__ import annotations

from typing import Any

import numpy as np

from marl.core.game import Game
from marl.core.kernels import Kernels
from marl.games.search.compiled import ACTION, COLUMNS, COUNT, FIRST, PROVEN, VISITS, seed_draws, simulate, subtree
from marl.games.search.pointers import pointers_of
from marl.games.search.result import Line, line_of

__all__ = ["CompiledTree"]

PART = 2**16  # simulations for which room is made at once, most of them
ROWS = 3  # that a simulation needs, more or less
MOST_ROWS = 2**24
"""At which a tree stops growing: 1 GB."""


class CompiledTree:
    """A `marl.games.search.trees.Tree` of `marl.games.search.compiled`.

    Args:
        game: the root's position.
        kernels: its compiled rules.
        constant: of UCB1.
        solver: whether proven outcomes are backed up.
    """

    def __init__(self, game: Game, kernels: Kernels, constant: float, solver: bool) -> None:
        self.game, self.kernels, self.constant, self.solver = game, kernels, constant, solver
        self.size = 1
        self.arrays = _arrays(1, game.num_players)

    def grow(self, simulations: int, seed: int) -> int:
        """See `Tree`."""
        rules, functions = self.kernels, pointers_of(self.kernels)
        root, done = rules.encode(self.game), 0
        seed_draws(seed)
        while done < simulations and self.size < MOST_ROWS and not self.arrays[0][0, PROVEN]:
            number = min(PART, simulations - done)
            self._reserve(self.size + rules.most_legal + ROWS * number)
            settings = (rules.most_legal, self.size, number, self.constant, self.solver)
            self.size, number = simulate(*functions, root, *settings, *self.arrays)
            done += number
        return done

    def lines(self, path: tuple[int, ...] = ()) -> tuple[Line, ...]:
        """See `Tree`."""
        nodes, totals, _ = self.arrays
        row = nodes[self._at(path)]
        below = slice(row[FIRST], row[FIRST] + row[COUNT])
        rows = zip(nodes[below].tolist(), totals[below].tolist(), strict=True)
        return tuple(line_of(node[ACTION], node[VISITS], total, bool(node[PROVEN])) for node, total in rows)

    def after(self, path: tuple[int, ...]) -> CompiledTree:
        """See `Tree`."""
        position = self.game
        for action in path:
            position = position.play(action)
        kept = CompiledTree(position, self.kernels, self.constant, self.solver)
        kept.arrays = _arrays(self.size, position.num_players)
        kept.size = subtree(self._at(path), *self.arrays, *kept.arrays)
        return kept

    def _at(self, path: tuple[int, ...]) -> int:
        nodes, node = self.arrays[0], 0
        for action in path:
            first, count = int(nodes[node, FIRST]), int(nodes[node, COUNT])
            node = first + nodes[first : first + count, ACTION].tolist().index(action)
        return node

    def _reserve(self, size: int) -> None:
        old = self.arrays
        if len(old[0]) < size:
            self.arrays = _arrays(max(size, 2 * len(old[0])), self.game.num_players)
            for array, content in zip(self.arrays, old, strict=True):
                array[: self.size] = content[: self.size]


def _arrays(size: int, players: int) -> tuple[Any, ...]:
    """Nodes, totals and scores of an empty tree; see `marl.games.search.compiled`."""
    return np.zeros((size, COLUMNS), dtype=np.int32), np.zeros((size, players)), np.zeros((size, 2))
