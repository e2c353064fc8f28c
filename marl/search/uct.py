"""UCT: search by random playouts, with what it knows kept from move to move."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from marl.game import Game
from marl.search.tree import Node, draws_of, random_playout, simulate, ucb1

__all__ = ["UCT", "Line", "SearchResult", "Tree", "line_of", "most_visited"]

FIRST_CHUNK, CHUNK_SECONDS = 100, 0.05


@dataclass(frozen=True)
class Line:
    """What a search knows about one action.

    Args:
        action: the action.
        visits: simulations that began with it.
        value: ``[P]``, mean outcome of each seat in ``[-1, 1]``; zeros if it was not visited.
        proven: whether the outcome of perfect play after it is known.
    """

    action: int
    visits: int
    value: tuple[float, ...]
    proven: bool


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Args:
        action: the one to play.
        lines: for each legal action in rising order.
        simulations: that this search did.
        best_line: actions that follow if each seat plays what was visited most.
    """

    action: int
    lines: tuple[Line, ...]
    simulations: int
    best_line: tuple[int, ...]


class Tree(Protocol):
    """A search tree; the root is the position that is searched from."""

    game: Game

    def grow(self, simulations: int, seed: int) -> int:
        """Adds simulations, drawn from a generator of that seed, and says how many: fewer if the root is proven."""
        ...

    def lines(self, path: tuple[int, ...] = ()) -> tuple[Line, ...]:
        """What is known after a path of actions; empty if it was not visited."""
        ...

    def after(self, path: tuple[int, ...]) -> Tree:
        """The subtree after a path of actions, which was visited."""
        ...


class UCT:
    """Plays the action that was visited most.

    A position that was proven is played by its proof. With Numba the search is compiled; without it the
    same search runs in Python and finds the same, more slowly. One seed makes a game exactly repeatable where the budget
    is of simulations.

    Args:
        simulations: of each search; None for a budget of time.
        seconds: of each search; None for a budget of simulations.
        constant: of UCB1, for outcomes in ``[0, 1]``.
        solver: whether proven outcomes are backed up.
        keep: whether the subtree of the position that came about is kept.
        seed: of what is drawn.
        compiled: whether Numba is used; None if it is there.

    Raises:
        ValueError: for no budget, two, or one that is not positive.
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
        if simulations is not None and simulations < 1 or seconds is not None and not 0 < seconds < math.inf:
            raise ValueError(f"the budget is {simulations or seconds}; give at least 1 simulation, or some seconds")
        self.simulations, self.seconds = simulations, seconds
        self.constant, self.solver, self.keep, self.compiled = constant, solver, keep, compiled
        self.seed, self.grown = seed, 0
        self.tree: Tree | None = None
        self.chosen = -1

    def choose(self, game: Game) -> int:
        """The action to play in a position that is not finished."""
        return self.search(game).action

    def search(self, game: Game) -> SearchResult:
        """Searches from a position.

        Raises:
            ValueError: if the game is finished.
        """
        if game.over:
            raise ValueError(f"{game.name}: the game is over, there is nothing to search")
        self.tree = self._kept(game) or self._new(game)
        done = 0
        for number in self._chunks():
            grown = self.tree.grow(number, int(np.random.SeedSequence((self.seed, self.grown)).generate_state(1)[0]))
            self.grown, done = self.grown + 1, done + grown
            if grown < number:
                break
        lines = self.tree.lines()
        self.chosen = most_visited(lines, game.mover).action
        return SearchResult(self.chosen, lines, done, self._best_line())

    def _chunks(self) -> Iterator[int]:
        """Numbers of simulations until the budget is spent."""
        if self.simulations is not None:
            yield self.simulations
            return
        assert self.seconds is not None
        begin, done = time.perf_counter(), 0
        while (spent := time.perf_counter() - begin) < self.seconds:
            rate = done / spent if done else 0.0
            wished = rate * min(CHUNK_SECONDS, self.seconds - spent)
            number = max(FIRST_CHUNK if not done else 1, int(wished))
            done += number
            yield number

    def _new(self, game: Game) -> Tree:
        kernels = None if self.compiled is False else game.kernels()
        if kernels is None and self.compiled:
            raise ValueError(f"{game.name} has no compiled rules here; install Numba (the extra 'fast')")
        if kernels is None:
            return PythonTree(Node(game), self.constant, self.solver)
        from marl.search.compiled_tree import CompiledTree

        return CompiledTree(game, kernels, self.constant, self.solver)

    def _kept(self, game: Game) -> Tree | None:
        """The subtree of a position, if it came about from the last one by the action that was chosen."""
        if not self.keep or self.tree is None or self.tree.game.name != game.name:
            return None
        if self.tree.game == game:
            return self.tree
        path = _path(self.tree, self.chosen, game)
        return None if path is None else self.tree.after(path)

    def _best_line(self) -> tuple[int, ...]:
        assert self.tree is not None
        path: tuple[int, ...] = ()
        position = self.tree.game
        while not position.over:
            lines = self.tree.lines(path)
            if not lines or not any(line.visits for line in lines):
                break
            chosen = most_visited(lines, position.mover)
            path, position = (*path, chosen.action), position.play(chosen.action)
        return path


def line_of(action: int, visits: int, total: Sequence[float], proven: bool) -> Line:
    """What sums of outcomes in ``[0, 1]`` (of a proven action the outcome) say.

    Args:
        action: the action.
        visits: how often it was tried.
        total: ``[P]``.
        proven: whether its outcome is known.
    """
    count = 1 if proven else visits
    value = tuple(2 * won / count - 1 for won in total) if visits else (0.0,) * len(total)
    return Line(action, visits, value, proven)


def most_visited(lines: tuple[Line, ...], seat: int) -> Line:
    """The line that was visited most, unless a proof says better.

    A proven win is taken at once; a line that is proven to be worse than what the most visited of the others
    promises is left out.

    Args:
        lines: at least one.
        seat: that chooses.
    """
    if all(line.proven for line in lines):
        return max(lines, key=lambda line: (line.value[seat], line.visits))
    won = [line for line in lines if line.proven and line.value[seat] == 1.0]
    if won:
        return won[0]
    open_lines = [line for line in lines if not line.proven]
    best = max(open_lines, key=lambda line: line.visits)
    return max(
        (line for line in lines if not line.proven or line.value[seat] >= best.value[seat]),
        key=lambda line: line.visits,
    )


def _path(tree: Tree, action: int, game: Game) -> tuple[int, ...] | None:
    """Actions that lead from a tree's root to a position through visited nodes, the fewest; None if there are none.

    Args:
        tree: whose root is not that position.
        action: the first one.
        game: the position.
    """
    reached: list[tuple[tuple[int, ...], Game]] = [((action,), tree.game.play(action))]
    for _ in range(game.num_players + 1):
        for path, position in reached:
            if position == game:
                return path
        reached = [
            ((*path, line.action), position.play(line.action))
            for path, position in reached
            if not position.over
            for line in tree.lines(path)
            if line.visits
        ]
    return None


class PythonTree:
    """A `Tree` of `marl.search.tree`."""

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
