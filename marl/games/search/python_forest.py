"""Search with a prior in Python, over positions: the same numbers as `marl.games.search.compiled.prior_search`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marl.core.game import Game
from marl.games.positions import Positions
from marl.games.python_positions import PythonPositions
from marl.games.search.configs import GumbelConfig, PUCTConfig, simulations_at
from marl.games.search.forest import Roots, Valued
from marl.games.search.halving import considered_visits
from marl.games.search.result import ActionStatistics

__all__ = ["PythonForest"]

TINY, SMALLEST_RANGE, LOWEST = float(np.finfo(np.float32).tiny), 1e-8, -1e9  # those of mctx


class Node:
    """Position in a tree.

    Attributes:
        game: the position; None before the first visit.
        action: action that led here.
        prior: its probability.
        logit: its logit.
        children: one for each legal action; empty before the node is valued, and if the game is finished.
        seat: seat to move.
        raw: evaluation of the node for that seat.
        visits: number of simulations through the node, its own evaluation included.
        total: for each seat the sum of values in ``[-1, 1]``; for a proven node the outcome itself.
        proven: True if the outcome of perfect play is known.
        mean: mean value for the seat that moved here.
        lift: ``prior / (1 + visits)``; 0 for a proven node.
    """

    __slots__ = (
        "action",
        "children",
        "game",
        "lift",
        "logit",
        "mean",
        "prior",
        "proven",
        "raw",
        "seat",
        "total",
        "visits",
    )

    def __init__(self, players: int, action: int = -1, prior: float = 1.0, logit: float = 0.0) -> None:
        self.game: Any = None
        self.action, self.prior, self.logit = action, prior, logit
        self.children: list[Node] = []
        self.seat, self.visits, self.proven = 0, 0, False
        self.raw, self.mean, self.lift = 0.0, 0.0, prior
        self.total = [0.0] * players

    def expand(self, seat: int, prior: list[float], logits: list[float], values: list[float]) -> None:
        """Make the children, and keep the evaluation for the mover."""
        self.children = [Node(len(values), action, prior[action], logits[action]) for action in self.game.legal]
        self.seat, self.raw = seat, values[seat]

    def statistics(self) -> ActionStatistics:
        """Statistics of the action that led here."""
        value = tuple(total / (1 if self.proven else max(self.visits, 1)) for total in self.total)
        return ActionStatistics(self.action, self.visits, value, self.proven, self.prior)


class PythonForest:
    """A `marl.games.search.forest.Forest` of nodes.

    Args:
        like: positions of the game, as many as there may be trees.
        config: settings of the search.
        leaves: most positions of a game that are valued at once.
    """

    def __init__(self, like: PythonPositions, config: PUCTConfig | GumbelConfig, leaves: int) -> None:
        self.room, self.config, self.game, self.leaves = len(like), config, like.game, leaves
        considered = config.considered if isinstance(config, GumbelConfig) else 0
        self.simulations = simulations_at(config)
        self.schedule = considered_visits(considered, self.simulations).tolist()

    def begin(self, roots: Valued, noise: NDArray[np.float64]) -> Positions | None:
        """See `Forest`."""
        assert isinstance(roots.positions, PythonPositions)
        self.trees, self.noise = [Node(self.game.num_players) for _ in noise], noise.tolist()
        for root, game in zip(self.trees, roots.positions.games, strict=True):
            root.game = game
        self.done = [-1] * len(self.trees)  # before the root is valued
        self.waiting = [(tree, [root]) for tree, root in enumerate(self.trees)]
        return self.grow(roots)

    def grow(self, leaves: Valued, last: bool = False) -> Positions | None:
        """See `Forest`."""
        rows = (leaves.positions.mover, leaves.prior, leaves.logits, leaves.values)
        for (tree, path), *valued in zip(self.waiting, *(row.tolist() for row in rows), strict=True):
            if self.leaves > 1 and len(path) > 1:  # the root was not supposed to be lost
                _suppose_lost(path, -1)
            path[-1].expand(*valued)
            _back_up(path, valued[-1], self.config.solver)
            self.done[tree] += 1
        trees = () if last else dict.fromkeys(tree for tree, _ in self.waiting)
        self.waiting = [(tree, path) for tree in trees for path in self._descents(tree)]
        return PythonPositions([path[-1].game for _, path in self.waiting]) if self.waiting else None

    def _descents(self, tree: int) -> Iterator[list[Node]]:
        """Paths to the next new positions of a tree."""
        for waiting in range(self.leaves):
            path = self._descend(tree, waiting)
            if not path:
                return
            if self.leaves > 1:
                _suppose_lost(path, 1)
            yield path

    def _descend(self, tree: int, waiting: int) -> list[Node]:
        """Path to a new position of a tree; empty if there is none, or it is waited for.

        Args:
            tree: number of the tree.
            waiting: number of its positions that are not valued yet.
        """
        root, solver = self.trees[tree], self.config.solver
        while self.done[tree] + waiting < self.simulations and not root.proven:
            node = root
            path = [root]
            while node.children and not node.proven:
                parent, node = node, self._choose(tree, waiting, node)
                path.append(node)
                if node.game is None:
                    node.game = parent.game.play(node.action)
            if node.proven:
                outcome = list(node.total)
            elif node.game.over:
                outcome = list(node.game.returns)
            elif node.visits:
                return []
            elif (won := self._winning(node.game)) is not None:
                outcome = list(won[1])
            else:
                return path
            if solver and not node.proven:
                node.proven, node.total = True, outcome
            _back_up(path, outcome, solver)
            self.done[tree] += 1
        return []

    def _choose(self, tree: int, waiting: int, node: Node) -> Node:
        config, root = self.config, self.trees[tree]
        if node is root and self.done[tree] == 0:  # it has been valued without a look
            won = self._winning(root.game)
            if won is not None:
                return root.children[won[0]]
        if isinstance(config, PUCTConfig):
            return _choose_puct(node, config.c_puct)
        if node is not root:
            return _choose_gumbel(node, self.game.num_actions, config)
        considered = min(len(self.schedule) - 1, len(root.children))
        due, noise = self.schedule[considered][self.done[tree] + waiting], self.noise[tree]
        improved, _, _ = _improve(root, self.game.num_actions, config)
        scores = [
            max(LOWEST, noise[child.action] + logit) if child.visits == due else -math.inf
            for child, logit in zip(root.children, improved, strict=True)
        ]
        return root.children[scores.index(max(scores))]

    def _winning(self, game: Game) -> tuple[int, tuple[float, ...]] | None:
        """Number of the first legal action that wins at once, and the outcome; None if none does, or nobody looks."""
        if not (self.config.solver and self.config.look_ahead):
            return None
        for number, action in enumerate(game.legal):
            after = game.play(action)
            if after.over and after.returns[game.mover] == 1.0:
                return number, after.returns
        return None

    def roots(self) -> Roots:
        """See `Forest`."""
        shape, players = (len(self.trees), self.game.num_actions), self.game.num_players
        visits, values = np.zeros(shape, np.int32), np.zeros((*shape, players))
        proven, improved = np.zeros(shape, np.bool_), np.full(shape, -np.inf)
        for tree, root in enumerate(self.trees):
            for child in root.children:
                visits[tree, child.action], proven[tree, child.action] = child.visits, child.proven
                if child.visits:
                    values[tree, child.action] = np.array(child.total) / (1 if child.proven else child.visits)
            if isinstance(self.config, GumbelConfig):
                logits, _, _ = _improve(root, self.game.num_actions, self.config)
                improved[tree, [child.action for child in root.children]] = logits
        totals, done = [root.total for root in self.trees], [root.visits - 1 for root in self.trees]
        known = np.array([root.proven for root in self.trees])
        return Roots(visits, values, proven, improved, np.array(done), np.array(totals), known)

    def statistics(self, tree: int, path: tuple[int, ...]) -> tuple[ActionStatistics, ...]:
        """See `Forest`."""
        node = self.trees[tree]
        for action in path:
            node = next(child for child in node.children if child.action == action)
        return tuple(child.statistics() for child in node.children)


def _choose_puct(node: Node, c_puct: float) -> Node:
    """Child with the largest value and bonus; one that was never visited has the node's mean as its value."""
    bonus, mean = c_puct * math.sqrt(node.visits), node.total[node.seat] / node.visits
    best, highest = node.children[0], -math.inf
    for child in node.children:
        score = (child.mean if child.visits else mean) + bonus * child.lift
        if score > highest:
            best, highest = child, score
    return best


def _improve(node: Node, num_actions: int, config: GumbelConfig) -> tuple[list[float], int, float]:
    """Logits plus scaled values of the children, all their visits, and the value that completes unvisited ones."""
    visited = [child for child in node.children if child.visits]
    visits, share, weighted, mixed = 0, 0.0, 0.0, node.raw
    for child in visited:
        probability = max(TINY, child.prior)
        visits, share, weighted = visits + child.visits, share + probability, weighted + probability * child.mean
    if visited:
        mixed = (mixed + visits * (weighted / share)) / (visits + 1)
    # an illegal action counts as an unvisited one: mctx has a row for each
    bounds = [child.mean for child in visited] + [mixed] * (len(visited) < num_actions)
    low, high = (min(bounds), max(bounds)) if config.rescale else (-1.0, 1.0)
    most = max((child.visits for child in visited), default=0)
    scale = (config.visit_offset + most) * config.value_scale / max(high - low, SMALLEST_RANGE)
    values = [child.mean if child.visits else mixed for child in node.children]
    return [c.logit + scale * (value - low) for c, value in zip(node.children, values, strict=True)], visits, mixed


def _choose_gumbel(node: Node, num_actions: int, config: GumbelConfig) -> Node:
    """Child whose share of the visits is furthest below its improved probability."""
    improved, visits, completed = _improve(node, num_actions, config)
    top = max(improved)
    weights, total = [math.exp(logit - top) for logit in improved], 0.0
    for weight in weights:  # in this order, as the compiled search adds them; sum would round otherwise
        total += weight
    opened = max(child.mean if child.visits else completed for child in node.children if not child.proven)
    best, highest = node.children[0], -math.inf
    for child, weight in zip(node.children, weights, strict=True):
        # nothing is to be learnt below a proven child that is worse than another may be
        score = weight / total - child.visits / (1.0 + visits)
        if score > highest and not (child.proven and child.mean < opened):
            best, highest = child, score
    return best


def _back_up(path: list[Node], outcome: list[float], solver: bool) -> None:
    # a proof spreads only from a proven leaf, and no further than the first ancestor that it does not decide
    spreads = path[-1].proven and solver
    for i in range(len(path) - 1, -1, -1):
        node = path[i]
        node.visits += 1
        if spreads:
            spreads = node.proven or _prove(node)
        if node.proven:
            outcome = node.total  # ancestors get the certain outcome instead of the leaf's
        else:
            for seat, value in enumerate(outcome):
                node.total[seat] += value
        if i > 0:
            _score(node, path[i - 1].seat)


def _score(node: Node, seat: int) -> None:
    node.mean = node.total[seat] / (1 if node.proven else node.visits)
    node.lift = 0.0 if node.proven else node.prior / (1.0 + node.visits)


def _suppose_lost(path: list[Node], sign: int) -> None:
    """Count a walk as lost for all seats until its position is valued, so that others go elsewhere; -1 undoes it."""
    for i, node in enumerate(path):
        node.visits += sign
        if not node.proven:  # else its total is its outcome
            node.total = [value - sign for value in node.total]
        if i > 0 and node.visits > 0:
            _score(node, path[i - 1].seat)


def _prove(node: Node) -> bool:
    """Mark a node as proven if its children decide its outcome; True if so."""
    seat = node.seat
    known = [child for child in node.children if child.proven]
    best = max(known, key=lambda child: child.total[seat])
    if len(known) < len(node.children) and best.total[seat] < 1.0:
        return False
    node.proven, node.total = True, best.total
    return True
