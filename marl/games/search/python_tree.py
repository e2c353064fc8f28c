"""UCT in Python, over positions: the same numbers as `marl.games.search.compiled.uct`."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from marl.core.game import Game
from marl.games.search.result import ActionStatistics, statistics_of

__all__ = ["Draw", "Evaluator", "Node", "PythonTree", "Selection", "draws_of", "random_playout", "simulate", "ucb1"]

Draw = Callable[[], float]
"""Source of random numbers in ``[0, 1)``."""
Evaluator = Callable[[Any, Draw], Sequence[float]]
"""Evaluation: from an unfinished position and a source of random numbers to expected returns, ``[P]`` in ``[-1, 1]``.
"""


def draws_of(seed: int) -> Draw:
    """The random numbers in ``[0, 1)`` of Numba and NumPy's ``RandomState`` after the same seed, drawn faster."""
    state: Any = np.random.RandomState(seed).get_state(legacy=False)
    generator = random.Random()
    # Both are the Mersenne Twister and make a float of two words in the same way, so copying the state is
    # enough; only NumPy's seeding differs, and a call of Python's generator costs a fraction of one of NumPy's.
    generator.setstate((3, (*state["state"]["key"].tolist(), state["state"]["pos"]), None))
    return generator.random


NONE: list[Any] = []  # shared by all nodes before expansion; never changed


class Node:
    """Position in the tree.

    Args:
        game: the position.
        action: action that led to it; -1 at the root.
        chooser: seat that moved here.

    Attributes:
        over: True if the game is finished.
        actions: legal actions in rising order; empty before the node is expanded.
        children: one for each action, None until it is visited.
        fresh: indices of unvisited children, in rising order.
        seat: seat to move; known once the node is expanded.
        visits: number of simulations through the node.
        total: for each seat the sum of outcomes in ``[0, 1]``; for a proven node the outcome itself.
        proven: True if the outcome of perfect play is known.
        mean: mean outcome for the chooser.
        width: ``1 / sqrt(visits)``; 0 for a proven node.
    """

    __slots__ = (
        "action",
        "actions",
        "children",
        "chooser",
        "fresh",
        "game",
        "mean",
        "over",
        "proven",
        "seat",
        "total",
        "visits",
        "width",
    )

    def __init__(self, game: Any, action: int = -1, chooser: int = 0) -> None:
        self.game, self.action, self.chooser = game, action, chooser
        self.over: bool = game.over
        self.actions: tuple[int, ...] = ()
        self.children: list[Any] = NONE
        self.visits, self.proven = 0, False
        self.mean = self.width = 0.0
        self.total = [0.0] * game.num_players

    def expand(self) -> None:
        """Find the legal actions and make room for one child each."""
        self.actions, self.seat = self.game.legal, self.game.mover
        self.children = [None] * len(self.actions)
        self.fresh = list(range(len(self.actions)))

    def visit(self, place: int) -> Node:
        """Make the child at an index."""
        action = self.actions[place]
        child = self.children[place] = Node(self.game.play(action), action, self.seat)
        return child


Selection = Callable[[Node], Node]
"""Selection rule: from a node whose children were all visited to one of them."""


def ucb1(constant: float) -> Selection:
    r"""Selection of the child with the largest upper confidence bound :math:`w / n + c \sqrt{\ln N / n}`.

    Reference: Kocsis and Szepesvari, "Bandit based Monte-Carlo Planning", 2006,
    https://doi.org/10.1007/11871842_29. A proven child counts its outcome, without a bonus.

    Args:
        constant: exploration constant :math:`c`, for outcomes in ``[0, 1]``.
    """

    def select(node: Node) -> Node:
        # the children store mean and width, so a selection takes one square root instead of one a child
        bonus, highest = constant * math.sqrt(math.log(node.visits)), -math.inf
        best = node.children[0]
        for child in node.children:
            bound = child.mean + bonus * child.width
            if bound > highest:
                best, highest = child, bound
        return best

    return select


def random_playout(game: Any, draw: Draw) -> Sequence[float]:
    """Returns ``[P]`` of a game played to its end at random; see `Game.rollout`."""
    outcome: Sequence[float] = game.rollout(draw)
    return outcome


def simulate(
    root: Node, simulations: int, select: Selection, evaluate: Evaluator, draw: Draw, solver: bool = True
) -> int:
    """Grow a tree by some simulations.

    Each goes down to an unvisited position, values it and backs the value up, one number a seat. The
    solver backs certain outcomes up as such: a position is proven if its mover can win at
    once, or if all its children are proven; among outcomes that are equal for the mover the first counts.
    Reference: Winands et al., "Monte-Carlo Tree Search Solver", 2008,
    https://doi.org/10.1007/978-3-540-87608-3_3.

    Args:
        root: changed in place; its game is not finished.
        simulations: number of simulations.
        select: selection rule among children that were all visited.
        evaluate: values a new position.
        draw: source of numbers in ``[0, 1)``.
        solver: True to back up proven outcomes.

    Returns:
        Simulations done: fewer if the root was proven.
    """
    for done in range(simulations):
        if root.proven:
            return done
        path, node = [root], root
        while not (node.proven or node.over):
            if not node.actions:
                node.expand()
            fresh = node.fresh
            if fresh:
                path.append(node.visit(fresh.pop(int(draw() * len(fresh)))))
                break
            node = select(node)
            path.append(node)
        _back_up(path, _outcome(path[-1], evaluate, draw, solver), solver)
    return simulations


def _outcome(node: Node, evaluate: Evaluator, draw: Draw, solver: bool) -> list[float]:
    """Outcome of a node for each seat, ``[P]`` in ``[0, 1]``."""
    if node.proven:
        return node.total
    over = node.over
    values = node.game.returns if over else evaluate(node.game, draw)
    outcome = [(value + 1.0) / 2.0 for value in values]
    if over and solver:
        node.proven, node.total = True, outcome
    return outcome


def _back_up(path: list[Node], outcome: list[float], solver: bool) -> None:
    # a proof spreads only from a proven leaf, and no further than the first ancestor that it does not decide
    sqrt, spreads = math.sqrt, path[-1].proven and solver
    for node in reversed(path):
        node.visits += 1
        if spreads:
            spreads = node.proven or _prove(node)
        if node.proven:
            outcome = node.total  # ancestors get the certain outcome instead of the leaf's
            node.mean, node.width = outcome[node.chooser], 0.0
            continue
        total, visits = node.total, node.visits
        for seat, value in enumerate(outcome):
            total[seat] += value
        node.mean, node.width = total[node.chooser] / visits, 1.0 / sqrt(visits)


def _prove(node: Node) -> bool:
    """Mark a node as proven if its children decide its outcome; True if so."""
    seat = node.seat
    known = [child for child in node.children if child is not None and child.proven]
    best = max(known, key=lambda child: child.total[seat])
    if len(known) < len(node.children) and best.total[seat] < 1.0:
        return False
    node.proven, node.total = True, best.total
    return True


class PythonTree:
    """A `marl.games.search.tree.Tree` of nodes.

    Args:
        root: node of the position to search from.
        selection: selection rule among children that were all visited.
        evaluator: values a new position.
        solver: True to back up proven outcomes.
    """

    def __init__(self, root: Node, selection: Selection, evaluator: Evaluator, solver: bool) -> None:
        self.root, self.selection, self.evaluator, self.solver = root, selection, evaluator, solver

    @property
    def game(self) -> Game:
        """Position of the root."""
        game: Game = self.root.game
        return game

    def grow(self, simulations: int, seed: int) -> int:
        """See `Tree`."""
        return simulate(self.root, simulations, self.selection, self.evaluator, draws_of(seed), self.solver)

    def statistics(self, path: tuple[int, ...] = ()) -> tuple[ActionStatistics, ...]:
        """See `Tree`."""
        node, players = self._at(path), self.game.num_players
        return tuple(
            ActionStatistics(action, 0, (0.0,) * players, False)
            if child is None
            else statistics_of(action, child.visits, child.total, child.proven)
            for action, child in zip(node.actions, node.children, strict=True)
        )

    def after(self, path: tuple[int, ...]) -> PythonTree:
        """See `Tree`."""
        return PythonTree(self._at(path), self.selection, self.evaluator, self.solver)

    def _at(self, path: tuple[int, ...]) -> Node:
        node = self.root
        for action in path:
            node = node.children[node.actions.index(action)]
        return node
