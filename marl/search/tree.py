"""UCT in Python, over positions; the same search as `marl.search.compiled`, number by number."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from marl.game import Game

__all__ = ["Evaluator", "Node", "Selection", "random_playout", "simulate", "ucb1"]

Draw = Callable[[], float]
Evaluator = Callable[[Any, Draw], Sequence[float]]
"""From an unfinished position and a source of numbers in ``[0, 1)`` to what each seat can hope for, in ``[-1, 1]``."""


class Node:
    """A position in the tree.

    Args:
        game: the position.
        action: that led to it; -1 at the root.

    Attributes:
        over: whether the game is finished.
        seat: that moves.
        children: one for each legal action in rising order, None until it is visited; empty before the first
            visit that goes through here.
        fresh: places of children that were not visited, in rising order.
        visits: how often it was passed.
        total: for each seat the sum of outcomes in ``[0, 1]``; of a proven node the outcome itself.
        proven: whether the outcome of perfect play is known.
    """

    __slots__ = ("action", "children", "fresh", "game", "over", "proven", "seat", "total", "visits")

    def __init__(self, game: Any, action: int = -1) -> None:
        self.game, self.action = game, action
        self.over: bool = game.over
        self.seat: int = game.mover
        self.children: list[Any] = []
        self.fresh: list[int] = []
        self.visits, self.proven = 0, False
        self.total = [0.0] * game.num_players


Selection = Callable[[Node], Node]
"""From a node whose children were all visited to the child to go on with."""


def ucb1(constant: float) -> Selection:
    r"""The child of the largest upper confidence bound :math:`w / n + c \sqrt{\ln N / n}`.

    Reference: Kocsis and Szepesvari, "Bandit based Monte-Carlo Planning", 2006,
    https://doi.org/10.1007/11871842_29. A proven child counts its outcome, without a bonus.

    Args:
        constant: :math:`c`, for outcomes in ``[0, 1]``.
    """
    sqrt = math.sqrt

    def select(node: Node) -> Node:
        seat, log, highest = node.seat, math.log(node.visits), -math.inf
        best = node.children[0]
        for child in node.children:
            visits = child.visits
            won = child.total[seat]
            bound = won if child.proven else won / visits + constant * sqrt(log / visits)
            if bound > highest:
                best, highest = child, bound
        return best

    return select


def random_playout(game: Any, draw: Draw) -> Sequence[float]:
    """The returns of one game that is played on at random; see `Game.rollout`."""
    outcome: Sequence[float] = game.rollout(draw)
    return outcome


def simulate(
    root: Node, simulations: int, select: Selection, evaluate: Evaluator, draw: Draw, solver: bool = True
) -> None:
    """Grows a tree by some simulations.

    Each goes down to a position that was not visited, values it and backs the value up, one number a seat. With the
    solver, an outcome that is certain is backed up as such: a position is proven if its mover can win at
    once, or if all that follows is proven.
    Reference: Winands et al., "Monte-Carlo Tree Search Solver", 2008,
    https://doi.org/10.1007/978-3-540-87608-3_3.

    Args:
        root: changed in place; its game is not finished.
        simulations: how many.
        select: chooses among children that were all visited.
        evaluate: values a new position.
        draw: numbers in ``[0, 1)``.
        solver: whether proven outcomes are backed up.
    """
    for _ in range(simulations):
        path, node = [root], root
        while not (node.proven or node.over):
            if not node.children:
                node.children = [None] * len(node.game.legal)
                node.fresh = list(range(len(node.children)))
            fresh = node.fresh
            if fresh:
                path.append(_visit(node, fresh.pop(int(draw() * len(fresh)))))
                break
            node = select(node)
            path.append(node)
        _back_up(path, _outcome(path[-1], evaluate, draw, solver), solver)


def _visit(node: Node, place: int) -> Node:
    """The child at a place, which is made."""
    game: Game = node.game
    action = game.legal[place]
    child = node.children[place] = Node(game.play(action), action)
    return child


def _outcome(node: Node, evaluate: Evaluator, draw: Draw, solver: bool) -> list[float]:
    """For each seat, in ``[0, 1]``."""
    if node.proven:
        return node.total
    over = node.over
    values = node.game.returns if over else evaluate(node.game, draw)
    outcome = [(value + 1.0) / 2.0 for value in values]
    if over and solver:
        node.proven, node.total = True, outcome
    return outcome


def _back_up(path: list[Node], outcome: list[float], solver: bool) -> None:
    spreads = path[-1].proven and solver
    for node in reversed(path):
        if spreads and not node.proven:
            spreads = _prove(node)
        node.visits += 1
        if not node.proven:
            total = node.total
            for seat, value in enumerate(outcome):
                total[seat] += value


def _prove(node: Node) -> bool:
    """Whether a node's outcome follows from its children's; then it is taken over."""
    seat = node.seat
    known = [child for child in node.children if child is not None and child.proven]
    best = next((child for child in known if child.total[seat] == 1.0), None)
    if best is None:
        if len(known) < len(node.children):
            return False
        best = max(node.children, key=lambda child: child.total[seat])
    node.proven, node.total = True, best.total
    return True
