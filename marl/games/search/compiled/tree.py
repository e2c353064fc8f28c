"""Search tree in arrays, grown by the compiled search."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marl.core.game import Game
from marl.core.kernels import Kernels
from marl.games.search.compiled.pointers import pointers_of
from marl.games.search.compiled.uct import (
    ACTION,
    COLUMNS,
    COUNT,
    FIRST,
    PROVEN,
    SCORES,
    VISITS,
    seed_draws,
    simulate,
    subtree,
)
from marl.games.search.result import ActionStatistics, statistics_of

__all__ = ["CompiledTree", "TreeArrays"]

PART = 2**16  # most simulations for which room is made at once
ROWS = 3  # new rows of a simulation, roughly
MOST_ROWS = 2**24
"""Number of nodes at which a tree stops growing: 1 GB."""


class TreeArrays(NamedTuple):
    """Arrays of a tree, a row for each node; `marl.games.search.compiled.uct` has their columns.

    Args:
        nodes: ``[M, 7]``.
        totals: ``[M, P]``.
        scores: ``[M, 2]``.
    """

    nodes: NDArray[np.int32]
    totals: NDArray[np.float64]
    scores: NDArray[np.float64]

    @classmethod
    def empty(cls, size: int, players: int) -> TreeArrays:
        """Arrays of ``size`` unused rows."""
        # pages of zeros take memory only once they are written, so unused room is almost free
        nodes = np.zeros((size, COLUMNS), dtype=np.int32)
        return cls(nodes, np.zeros((size, players)), np.zeros((size, SCORES)))


class CompiledTree:
    """A `marl.games.search.tree.Tree` in arrays.

    Args:
        game: the root's position.
        kernels: its compiled rules.
        constant: exploration constant of UCB1.
        solver: True to back up proven outcomes.
    """

    def __init__(self, game: Game, kernels: Kernels, constant: float, solver: bool) -> None:
        self.game, self.kernels, self.constant, self.solver = game, kernels, constant, solver
        self.size = 1
        self.arrays = TreeArrays.empty(1, game.num_players)

    def grow(self, simulations: int, seed: int) -> int:
        """See `Tree`."""
        rules, functions = self.kernels, pointers_of(self.kernels)
        root, done = rules.encode(self.game), 0
        seed_draws(seed)
        while done < simulations and self.size < MOST_ROWS and not self.arrays.nodes[0, PROVEN]:
            # in parts, so that a search that a proof ends early never reserves the room of its whole budget
            number = min(PART, simulations - done)
            self._reserve(self.size + rules.most_legal + ROWS * number)
            settings = (rules.most_legal, self.size, number, self.constant, self.solver)
            self.size, number = simulate(*functions, root, *settings, *self.arrays)
            done += number
        return done

    def statistics(self, path: tuple[int, ...] = ()) -> tuple[ActionStatistics, ...]:
        """See `Tree`."""
        nodes, totals, _ = self.arrays
        row = nodes[self._at(path)]
        below = slice(row[FIRST], row[FIRST] + row[COUNT])
        rows = zip(nodes[below].tolist(), totals[below].tolist(), strict=True)  # Python's numbers, not NumPy's
        return tuple(statistics_of(node[ACTION], node[VISITS], total, bool(node[PROVEN])) for node, total in rows)

    def after(self, path: tuple[int, ...]) -> CompiledTree:
        """See `Tree`."""
        position = self.game
        for action in path:
            position = position.play(action)
        kept = CompiledTree(position, self.kernels, self.constant, self.solver)
        # room for the whole old tree, as the subtree's size is known only after copying
        kept.arrays = TreeArrays.empty(self.size, position.num_players)
        kept.size = subtree(self._at(path), *self.arrays, *kept.arrays)
        return kept

    def _at(self, path: tuple[int, ...]) -> int:
        nodes, node = self.arrays.nodes, 0
        for action in path:
            first, count = int(nodes[node, FIRST]), int(nodes[node, COUNT])
            node = first + nodes[first : first + count, ACTION].tolist().index(action)
        return node

    def _reserve(self, size: int) -> None:
        old = self.arrays
        if len(old.nodes) < size:
            # at least doubled, so that all copying together costs no more than a constant times the last copy
            self.arrays = TreeArrays.empty(max(size, 2 * len(old.nodes)), self.game.num_players)
            self.arrays.nodes[: self.size] = old.nodes[: self.size]
            self.arrays.totals[: self.size] = old.totals[: self.size]
            self.arrays.scores[: self.size] = old.scores[: self.size]
