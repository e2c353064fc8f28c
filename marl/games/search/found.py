"""Results of the searches of many games: policies to learn, and the action to play."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from marl.games.positions import Positions
from marl.games.search.forest import Roots, Valued
from marl.games.search.valuation import masked_softmax

__all__ = ["Found", "found_of"]

LOWEST = -1e9  # of mctx


@dataclass(frozen=True)
class Found:
    """Results of the searches of ``G`` games; rows of games that were not searched are zeros, with action -1.

    Args:
        visits: ``[G, A]``, simulations that began with an action.
        priors: ``[G, A]``, the evaluator's probabilities of the actions, without noise.
        values: ``[G, A, P]``, mean value after each action, or its proven outcome; zeros if it was not visited.
        root_value: ``[G, P]``, mean of the simulations, or the proven outcome; without simulations ``evaluated``.
        evaluated: ``[G, P]``, the evaluator's values of the roots themselves.
        proven: ``[G]``, True if the outcome of perfect play is known.
        proven_actions: ``[G, A]``, True if the outcome after an action is known.
        target: ``[G, A]``, probabilities to learn.
        action: ``[G]``, action to play.
    """

    visits: NDArray[np.int32]
    priors: NDArray[np.float32]
    values: NDArray[np.float64]
    root_value: NDArray[np.float64]
    evaluated: NDArray[np.float64]
    proven: NDArray[np.bool_]
    proven_actions: NDArray[np.bool_]
    target: NDArray[np.float32]
    action: NDArray[np.int64]

    @classmethod
    def empty(cls, positions: Positions) -> Found:
        """Results of games none of which was searched."""
        games, actions, players = len(positions), positions.game.num_actions, positions.game.num_players
        return cls(
            np.zeros((games, actions), np.int32),
            np.zeros((games, actions), np.float32),
            np.zeros((games, actions, players)),
            np.zeros((games, players)),
            np.zeros((games, players)),
            np.zeros(games, np.bool_),
            np.zeros((games, actions), np.bool_),
            np.zeros((games, actions), np.float32),
            np.full(games, -1),
        )

    def spread(self, positions: Positions, where: NDArray[np.bool_]) -> Found:
        """The same among games that were not searched.

        Args:
            positions: of all games.
            where: ``[G]``, True for those that were searched.
        """
        whole = Found.empty(positions)
        for field in fields(self):
            getattr(whole, field.name)[where] = getattr(self, field.name)
        return whole


def found_of(roots: Valued, grown: Roots, noise: NDArray[np.float64] | None) -> Found:
    """Results of grown trees.

    Args:
        roots: the roots as they were valued, without noise.
        grown: statistics of their trees.
        noise: ``[G, A]``, Gumbel noise that was added to the logits; None for PUCT.
    """
    seats, legal = roots.positions.mover, roots.positions.legal
    own = np.take_along_axis(grown.values, seats[:, None, None], 2)[:, :, 0]  # for each mover, [G, A]
    done = grown.simulations[:, None]
    value = np.where(done > 0, (grown.totals - roots.values) / np.maximum(done, 1), roots.values)
    value[grown.proven] = grown.totals[grown.proven]
    known = _best(own, grown.visits, grown.proven_actions)
    if noise is None:
        target = np.where(done > 0, grown.visits / np.maximum(done, 1), roots.prior)
        action = np.where(done[:, 0] > 0, _most_visited(own, grown, legal, known), np.argmax(roots.prior, 1))
    else:
        target, _ = masked_softmax(grown.improved, legal)
        action = np.where(grown.proven, known, _halved(own, grown, legal, noise))
    outcome = np.take_along_axis(value, seats[:, None], 1)
    best = grown.proven_actions & (own == outcome)
    # of a lost root all actions may be the best ones, and equal shares would teach nothing
    told = grown.proven[:, None] & (outcome >= 0)
    target = np.where(told, best / np.maximum(best.sum(1, keepdims=True), 1), target).astype(np.float32)
    proofs = (grown.proven, grown.proven_actions)
    return Found(grown.visits, roots.prior, grown.values, value, roots.values, *proofs, target, action)


def _best(own: NDArray[np.float64], visits: NDArray[np.int32], among: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Action of the largest value, of equals the most visited one, ``[G]``; any if there is none to choose from."""
    values = np.where(among, own, -np.inf)
    return np.argmax(np.where(values == values.max(1, keepdims=True), visits, -1), 1)


def _most_visited(
    own: NDArray[np.float64], grown: Roots, legal: NDArray[np.bool_], known: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The most visited action, unless a proven one is as good; see `marl.games.search.result.most_visited`."""
    often = np.argmax(np.where(legal & ~grown.proven_actions, grown.visits, -1), 1)
    games = np.arange(len(own))
    # without a proven action, known is any, and without an open one, often is
    proven, open_ = grown.proven_actions[games, known], (legal & ~grown.proven_actions)[games, often]
    return np.where(proven & (~open_ | (own[games, known] >= own[games, often])), known, often)


def _halved(
    own: NDArray[np.float64], grown: Roots, legal: NDArray[np.bool_], noise: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Winner of the halving: of the most visited actions that of the largest noise, logit and value."""
    open_ = np.where(legal & ~grown.proven_actions & (grown.visits > 0), own, -np.inf)
    left = legal & ~(grown.proven_actions & (own < open_.max(1, keepdims=True)))
    visits = np.where(left, grown.visits, -1)
    score = np.maximum(LOWEST, noise + grown.improved)
    return np.argmax(np.where(visits == visits.max(1, keepdims=True), score, -np.inf), 1)
