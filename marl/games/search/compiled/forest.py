"""Trees of many games in arrays, grown by the compiled search with a prior."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from marl.games.positions import Positions
from marl.games.search.compiled.addresses import addresses_of
from marl.games.search.compiled.positions import CompiledPositions
from marl.games.search.compiled.prior_arrays import Rule, Trees, ValuedArrays, Walks
from marl.games.search.compiled.prior_search import (
    ACTION,
    COLUMNS,
    COUNT,
    FIRST,
    PRIOR,
    PRIORS,
    PROVEN,
    TERMS,
    VISITS,
    grow,
    read_roots,
)
from marl.games.search.configs import GumbelConfig, PUCTConfig, simulations_at
from marl.games.search.forest import Roots, Valued
from marl.games.search.halving import considered_visits
from marl.games.search.result import ActionStatistics

__all__ = ["CompiledForest"]


class CompiledForest:
    """A `marl.games.search.forest.Forest` in arrays.

    Args:
        like: positions of the game, as many as there may be trees.
        config: settings of the search.
        leaves: most positions of a game that are valued at once.
    """

    def __init__(self, like: CompiledPositions, config: PUCTConfig | GumbelConfig, leaves: int) -> None:
        self.game, self.kernels, self.room = like.game, like.kernels, len(like)
        self.rule = _rule_of(config, leaves)
        games, players, most = len(like), like.game.num_players, like.kernels.most_legal
        simulations = self.rule.simulations
        # each position that is valued gets its children at once
        rows = 1 + (simulations + 1) * most
        self.trees = Trees(
            np.zeros((games, rows, COLUMNS), np.int32),
            np.zeros((games, rows, players)),
            np.zeros((games, rows, TERMS)),
            np.zeros((games, rows, PRIORS)),
        )
        self.walks = Walks(
            np.zeros_like(like.states),
            np.zeros((games * leaves, like.states.shape[1]), np.int64),
            np.zeros(games * leaves, np.int64),
            np.zeros((games * leaves, simulations + 2), np.int32),
            np.zeros(games * leaves, np.int64),
            np.zeros(games, np.int64),
            np.zeros(games, np.int64),
            np.zeros((games, most)),
            considered_visits(config.considered if isinstance(config, GumbelConfig) else 0, simulations),
        )

    def begin(self, roots: Valued, noise: NDArray[np.float64]) -> Positions | None:
        """See `Forest`."""
        positions = roots.positions
        assert isinstance(positions, CompiledPositions)
        trees, walks, games = self.trees, self.walks, len(positions)
        self.games = games
        walks.roots[:games], walks.next[:games] = positions.states, np.arange(games) * self.rule.leaves
        walks.depths[:], walks.done[:games], walks.sizes[:games] = 0, -1, 1
        trees.nodes[:games, 0], trees.totals[:games, 0] = 0, 0.0
        for row, of_game, legal in zip(walks.noise, noise, positions.legal, strict=False):
            row[: legal.sum()] = of_game[legal]
        return self.grow(roots)

    def grow(self, leaves: Valued, last: bool = False) -> Positions | None:
        """See `Forest`."""
        positions = leaves.positions
        walks = self.walks.next[: len(positions)].copy()  # new ones are written there
        valued = ValuedArrays(walks, positions.mover, positions.legal, leaves.prior, leaves.logits, leaves.values)
        rule = self.rule._replace(simulations=0) if last else self.rule  # as if all of them were done
        number = grow(addresses_of(self.kernels), rule, self.trees, self.walks, valued)
        return CompiledPositions(self.game, self.kernels, self.walks.leaves[:number].copy()) if number else None

    def roots(self) -> Roots:
        """See `Forest`."""
        games, actions, players = self.games, self.game.num_actions, self.game.num_players
        visits, values = np.zeros((games, actions), np.int32), np.zeros((games, actions, players))
        proven, improved = np.zeros((games, actions), np.bool_), np.full((games, actions), -np.inf)
        read_roots(self.rule, self.trees, games, visits, values, proven, improved)
        nodes, totals = self.trees.nodes[:games, 0], self.trees.totals[:games, 0]
        done = nodes[:, VISITS].astype(np.int64) - 1  # the first visit is the root's own evaluation
        return Roots(visits, values, proven, improved, done, totals.copy(), nodes[:, PROVEN] == 1)

    def statistics(self, tree: int, path: tuple[int, ...]) -> tuple[ActionStatistics, ...]:
        """See `Forest`."""
        nodes, node = self.trees.nodes[tree], 0
        for action in path:
            node = next(child for child in _children(nodes, node) if nodes[child, ACTION] == action)
        return tuple(self._statistics(tree, child) for child in _children(nodes, node))

    def _statistics(self, tree: int, node: int) -> ActionStatistics:
        row, total = self.trees.nodes[tree, node], self.trees.totals[tree, node]
        visits, proven = int(row[VISITS]), bool(row[PROVEN])
        value = tuple((total / (1 if proven else max(visits, 1))).tolist())
        return ActionStatistics(int(row[ACTION]), visits, value, proven, float(self.trees.priors[tree, node, PRIOR]))


def _children(nodes: NDArray[np.int32], node: int) -> range:
    return range(nodes[node, FIRST], nodes[node, FIRST] + nodes[node, COUNT])


def _rule_of(config: PUCTConfig | GumbelConfig, leaves: int) -> Rule:
    """Rule of a search as the kernels take it."""
    simulations = simulations_at(config)
    solver, ahead = config.solver, config.solver and config.look_ahead
    if isinstance(config, PUCTConfig):
        return Rule(False, simulations, leaves, solver, ahead, config.c_puct, 0.0, 0.0, True)
    return Rule(True, simulations, leaves, solver, ahead, 0.0, config.value_scale, config.visit_offset, config.rescale)
