"""UCT: Monte-Carlo tree search by upper confidence bounds, with a tree kept from move to move."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import numpy as np

from marl.core.game import Game
from marl.games.search.kernel_choice import kernels_for
from marl.games.search.python_tree import Draw, Evaluator, Node, PythonTree, Selection, random_playout, ucb1
from marl.games.search.result import SearchResult, most_visited, principal_variation
from marl.games.search.tree import Tree

__all__ = ["UCT"]

CHUNK_SECONDS = 0.05


class UCT:
    """Play the most visited action of a Monte-Carlo tree search.

    A proven position is played by its proof. With Numba the search is compiled, if the game has compiled
    rules; without it the same search runs in Python and finds the same, more slowly. With a budget of simulations one
    seed repeats a game exactly. A search ends before its budget when its root is proven, and a compiled one when its
    tree has 2^24 nodes (1 GB).

    New positions are valued by ``evaluator``, and ``selection`` goes down the tree, as in OpenSpiel's
    ``open_spiel/python/algorithms/mcts.py``. The compiled search knows random playouts and UCB1 only, so with
    another evaluator or selection rule the tree is Python's.

    Args:
        simulations: of each search; None for a budget of time.
        seconds: of each search; None for a budget of simulations.
        constant: exploration constant of UCB1, for outcomes in ``[0, 1]``; None for sqrt(2).
        solver: True to back up proven outcomes.
        keep: True to keep the subtree of the position reached in the game.
        seed: of the draws.
        compiled: True for Numba, False for Python, None for Numba if installed.
        evaluator: from an unfinished position and a source of numbers in ``[0, 1)`` to the expected returns of the
            seats, ``[P]`` in ``[-1, 1]``. Finished positions count their returns.
        selection: from a `marl.games.search.python_tree.Node`, whose children were all visited, to one of these
            children; unvisited children come first, in random order. None for UCB1.

    Raises:
        ValueError: for no budget, two, or one that is not positive; for a negative constant, or one beside a selection
            rule; for ``compiled=True`` with another evaluator or selection rule.
    """

    def __init__(
        self,
        simulations: int | None = None,
        seconds: float | None = None,
        constant: float | None = None,
        solver: bool = True,
        keep: bool = True,
        seed: int = 0,
        compiled: bool | None = None,
        evaluator: Evaluator = random_playout,
        selection: Selection | None = None,
    ) -> None:
        if (simulations is None) == (seconds is None):
            raise ValueError("give either simulations or seconds as the budget of a search")
        if simulations is not None and simulations < 1:
            raise ValueError(f"the budget is {simulations} simulations; give at least 1")
        if seconds is not None and not 0 < seconds < math.inf:
            raise ValueError(f"the budget is {seconds} seconds; give more than 0")
        if constant is not None and not 0 <= constant < math.inf:
            raise ValueError(f"constant is {constant}; give 0 or more")
        if constant is not None and selection is not None:
            raise ValueError(f"constant is {constant} and of UCB1; give either a constant or a selection rule")
        python_only = evaluator is not random_playout or selection is not None
        if compiled and python_only:
            raise ValueError(
                "compiled is True; the compiled search has no evaluator but random playouts and no selection rule but "
                "UCB1: leave compiled out"
            )
        self.simulations, self.seconds = simulations, seconds
        self.constant = math.sqrt(2) if constant is None else constant
        self.solver, self.keep, self.compiled = solver, keep, False if python_only else compiled
        self.evaluator, self.selection = evaluator, selection
        self.seed, self.grown = seed, 0
        self.tree: Tree | None = None
        self.chosen, self.done = -1, 0

    def choose(self, game: Game) -> int:
        """Choose the action to play in a position that is not finished.

        Raises:
            ValueError: see `search`.
        """
        self._grow(game)
        return self.chosen

    def search(self, game: Game) -> SearchResult:
        """Search from a position.

        Raises:
            ValueError: if the game is finished, its compiled rules disagree with it, or the evaluator returns anything
                but a number in ``[-1, 1]`` for each seat.
        """
        self._grow(game)
        return self.found()

    def found(self) -> SearchResult:
        """Result of the last search.

        Raises:
            ValueError: if there was none.
        """
        if self.tree is None:
            raise ValueError("nothing was searched yet")
        return SearchResult(
            self.chosen, self.tree.statistics(), self.done, principal_variation(self.tree.game, self.tree.statistics)
        )

    def _grow(self, game: Game) -> None:
        begin = time.perf_counter()
        if game.over:
            raise ValueError(f"{game.name}: the game is over, there is nothing to search")
        tree = self.tree = self._kept(game) or self._new(game)
        done = 0
        for number in self._chunks(begin):
            # one seed a chunk; a search by simulations is one chunk, so its draws depend only on the player's seed and
            # the number of searches before
            seed = int(np.random.SeedSequence((self.seed, self.grown)).generate_state(1)[0])
            grown = tree.grow(number, seed)
            self.grown, done = self.grown + 1, done + grown
            if grown < number:
                break
        self.chosen, self.done = most_visited(tree.statistics(), game.mover).action, done

    def _chunks(self, begin: float) -> Iterator[int]:
        """Numbers of simulations, chunk by chunk, until the budget is spent."""
        if self.simulations is not None:
            yield self.simulations
            return
        assert self.seconds is not None
        first, done = time.perf_counter(), 0
        while (now := time.perf_counter()) < begin + self.seconds or not done:
            rate = done / (now - first) if done else 0.0
            # half of what is left, as the rate changes; at the end a hundredth of the budget or a millisecond
            left = max((begin + self.seconds - now) / 2, min(self.seconds / 100, 1e-3))
            number = max(1, int(rate * min(CHUNK_SECONDS, left)))
            done += number
            yield number

    def _new(self, game: Game) -> Tree:
        kernels = kernels_for(game, self.compiled)
        if kernels is None:
            evaluator = self.evaluator if self.evaluator is random_playout else _checked(self.evaluator)
            return PythonTree(Node(game), self.selection or ucb1(self.constant), evaluator, self.solver)
        from marl.games.search.compiled.tree import CompiledTree  # needs Numba, which is not always there

        return CompiledTree(game, kernels, self.constant, self.solver)

    def _kept(self, game: Game) -> Tree | None:
        """Subtree of a position, if it follows from the last one by the chosen action; else None."""
        if not self.keep or self.tree is None or self.tree.game.name != game.name:
            return None
        if self.tree.game == game:
            return self.tree
        path = _path(self.tree, self.chosen, game)
        return None if path is None else self.tree.after(path)


def _checked(evaluator: Evaluator) -> Evaluator:
    """Wrap an evaluator to refuse values that are not one number in ``[-1, 1]`` for each seat."""

    def evaluate(game: Game, draw: Draw) -> list[float]:
        values = [float(value) for value in evaluator(game, draw)]
        # proofs and UCB1's constant rely on a win being the largest possible value
        if len(values) != game.num_players or not all(-1 <= value <= 1 for value in values):
            raise ValueError(
                f"{game.name}: the evaluator gave {values}; give {game.num_players} numbers in [-1, 1], one a seat"
            )
        return values

    return evaluate


def _path(tree: Tree, action: int, game: Game) -> tuple[int, ...] | None:
    """Shortest path of actions from a tree's root to a position through visited nodes; None if there is none.

    Args:
        tree: its root must not be that position.
        action: the first action.
        game: the position.
    """
    reached: list[tuple[tuple[int, ...], Game]] = [((), tree.game)]
    # one move a seat, and one more for seats that move twice: in Quarto a player chooses a piece, the other places it
    # and chooses the next
    for moves in range(game.num_players + 1):
        reached = [
            ((*path, each.action), position.play(each.action))
            for path, position in reached
            if not position.over
            for each in tree.statistics(path)
            if each.visits and (moves > 0 or each.action == action)
        ]
        for path, position in reached:
            if position == game:
                return path
    return None
