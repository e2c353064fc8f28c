"""UCT: search by random playouts, with what it knows kept from move to move."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import numpy as np

from marl.core.game import Game
from marl.games.search.result import Line, SearchResult, most_visited
from marl.games.search.tree import Node
from marl.games.search.trees import PythonTree, Tree

__all__ = ["UCT", "Line", "SearchResult"]

CHUNK_SECONDS = 0.05


class UCT:
    """Plays the action that was visited most.

    A position that was proven is played by its proof. With Numba the search is compiled, if the game has compiled
    rules; without it the same search runs in Python and finds the same, more slowly. One seed makes a game exactly
    repeatable where the budget is of simulations. A compiled search ends before its budget when its tree has 2^24 nodes
    (1 GB), as any search does when its root is proven.

    Args:
        simulations: of each search; None for a budget of time.
        seconds: of each search; None for a budget of simulations.
        constant: of UCB1, for outcomes in ``[0, 1]``.
        solver: whether proven outcomes are backed up.
        keep: whether the subtree of the position that came about is kept.
        seed: of what is drawn.
        compiled: whether Numba is used; None if it is there.

    Raises:
        ValueError: for no budget, two, or one that is not positive; for a negative constant.
    """

    def __init__(
        self,
        simulations: int | None = None,
        seconds: float | None = None,
        constant: float = math.sqrt(2),
        solver: bool = True,
        keep: bool = True,
        seed: int = 0,
        compiled: bool | None = None,
    ) -> None:
        if (simulations is None) == (seconds is None):
            raise ValueError("give either simulations or seconds as the budget of a search")
        if simulations is not None and simulations < 1:
            raise ValueError(f"the budget is {simulations} simulations; give at least 1")
        if seconds is not None and not 0 < seconds < math.inf:
            raise ValueError(f"the budget is {seconds} seconds; give more than 0")
        if not 0 <= constant < math.inf:
            raise ValueError(f"constant is {constant}; give 0 or more")
        self.simulations, self.seconds = simulations, seconds
        self.constant, self.solver, self.keep, self.compiled = constant, solver, keep, compiled
        self.seed, self.grown = seed, 0
        self.tree: Tree | None = None
        self.chosen, self.done = -1, 0

    def choose(self, game: Game) -> int:
        """The action to play in a position that is not finished."""
        self._grow(game)
        return self.chosen

    def search(self, game: Game) -> SearchResult:
        """Searches from a position.

        Raises:
            ValueError: if the game is finished, or its compiled rules disagree with it.
        """
        self._grow(game)
        return self.found()

    def found(self) -> SearchResult:
        """What the last search found.

        Raises:
            ValueError: if there was none.
        """
        if self.tree is None:
            raise ValueError("nothing was searched yet")
        return SearchResult(self.chosen, self.tree.lines(), self.done, _best_line(self.tree))

    def _grow(self, game: Game) -> None:
        begin = time.perf_counter()
        if game.over:
            raise ValueError(f"{game.name}: the game is over, there is nothing to search")
        tree = self.tree = self._kept(game) or self._new(game)
        done = 0
        for number in self._chunks(begin):
            seed = int(np.random.SeedSequence((self.seed, self.grown)).generate_state(1)[0])
            grown = tree.grow(number, seed)
            self.grown, done = self.grown + 1, done + grown
            if grown < number:
                break
        self.chosen, self.done = most_visited(tree.lines(), game.mover).action, done

    def _chunks(self, begin: float) -> Iterator[int]:
        """Numbers of simulations until the budget is spent."""
        if self.simulations is not None:
            yield self.simulations
            return
        assert self.seconds is not None
        first, done = time.perf_counter(), 0
        while (now := time.perf_counter()) < begin + self.seconds or not done:
            rate = done / (now - first) if done else 0.0
            number = max(1, int(rate * min(CHUNK_SECONDS, begin + self.seconds - now)))
            done += number
            yield number

    def _new(self, game: Game) -> Tree:
        kernels = None if self.compiled is False else game.kernels()
        if kernels is None and self.compiled:
            raise ValueError(f"{game.name} has no compiled rules here; install Numba (the extra 'fast')")
        if kernels is None:
            return PythonTree(Node(game), self.constant, self.solver)
        from marl.games.search.compiled_tree import CompiledTree
        from marl.games.search.kernel_check import checked_kernels

        return CompiledTree(game, checked_kernels(game, kernels), self.constant, self.solver)

    def _kept(self, game: Game) -> Tree | None:
        """The subtree of a position, if it came about from the last one by the action that was chosen."""
        if not self.keep or self.tree is None or self.tree.game.name != game.name:
            return None
        if self.tree.game == game:
            return self.tree
        path = _path(self.tree, self.chosen, game)
        return None if path is None else self.tree.after(path)


def _best_line(tree: Tree) -> tuple[int, ...]:
    """Actions that follow if each seat plays what was visited most."""
    path: tuple[int, ...] = ()
    position = tree.game
    while not position.over:
        lines = tree.lines(path)
        if not any(line.visits for line in lines):
            break
        chosen = most_visited(lines, position.mover)
        path, position = (*path, chosen.action), position.play(chosen.action)
        if not chosen.visits:
            break
    return path


def _path(tree: Tree, action: int, game: Game) -> tuple[int, ...] | None:
    """Actions that lead from a tree's root to a position through visited nodes, the fewest; None if there are none.

    Args:
        tree: whose root is not that position.
        action: the first one.
        game: the position.
    """
    reached: list[tuple[tuple[int, ...], Game]] = [((), tree.game)]
    for moves in range(game.num_players + 1):
        reached = [
            ((*path, line.action), position.play(line.action))
            for path, position in reached
            if not position.over
            for line in tree.lines(path)
            if line.visits and (moves > 0 or line.action == action)
        ]
        for path, position in reached:
            if position == game:
                return path
    return None
