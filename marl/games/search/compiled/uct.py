"""UCT compiled by Numba: one search for all games, with the game's compiled rules as arguments.

The rules are function pointers (Numba's first-class functions), so that the search is compiled only once and stays
in Numba's cache for every game.

A tree is three arrays with a row for each node, unused rows full of zeros. Row 0 is the root; the children of a node
lie side by side in the order of their actions.

- ``nodes`` ``[M, 7]``: the columns from `FIRST` to `PROVEN`;
- ``totals`` ``[M, P]``: for each seat the sum of outcomes in ``[0, 1]``; of a proven node the outcome itself;
- ``scores`` ``[M, 2]``: the terms of UCB1, `MEAN` and `WIDTH`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit, types

from marl.games.search.compiled.pointers import LEGAL, MOVER, PLAY, ROLLOUT, STATE, VALUE

__all__ = [
    "ACTION",
    "COLUMNS",
    "COUNT",
    "FIRST",
    "FRESH",
    "MEAN",
    "PROVEN",
    "SCORES",
    "SEAT",
    "VISITS",
    "WIDTH",
    "seed_draws",
    "simulate",
    "subtree",
]

# The names of columns must stand in the same file as the kernels: Numba compiles them in as numbers, and its cache
# looks for changes only in the kernel's own file.
FIRST, COUNT, FRESH, SEAT, ACTION, VISITS, PROVEN = range(7)
"""First child, number of children (0 before expansion), number of unvisited children, seat to move, action that
led here, visits, and 1 if the outcome of perfect play is known."""
COLUMNS = 7
MEAN, WIDTH = range(2)
"""Mean outcome for the seat that moved here, and 1 / sqrt(visits); for a proven node its outcome and 0."""
SCORES = 2
ROOTS = np.array([0.0, *(math.sqrt(math.log(visits)) for visits in range(1, 1024))])
"""``sqrt(log(visits))`` of most nodes: computing each logarithm would cost a tenth of the time."""

NODES = types.Array(types.int32, 2, "C")
FLOATS = types.Array(types.float64, 2, "C")


@njit(cache=True)
def _visit(node: Any, nodes: Any) -> Any:
    """Draw an unvisited child."""
    # the Python tree pops index int(draw() n) from its list of fresh children; counting through them here picks the
    # same child for the same number
    skip = int(np.random.random() * nodes[node, FRESH])
    nodes[node, FRESH] -= 1
    child = nodes[node, FIRST]
    while nodes[child, VISITS] > 0 or skip > 0:
        skip -= nodes[child, VISITS] == 0
        child += 1
    return child


@njit(cache=True)
def _select(node: Any, nodes: Any, scores: Any, constant: Any) -> Any:
    """Child with the largest upper confidence bound; all must have been visited."""
    visits, first = nodes[node, VISITS], nodes[node, FIRST]
    bonus = constant * (ROOTS[visits] if visits < len(ROOTS) else math.sqrt(math.log(visits)))
    best, highest = first, -np.inf
    for child in range(first, first + nodes[node, COUNT]):
        bound = scores[child, MEAN] + bonus * scores[child, WIDTH]
        if bound > highest:  # the first of equals, as in Python; a proven child has width 0 and so no bonus
            best, highest = child, bound
    return best


@njit(cache=True)
def _prove(node: Any, nodes: Any, totals: Any) -> Any:
    """Mark a node as proven if its children decide its outcome; True if so."""
    seat, first = nodes[node, SEAT], nodes[node, FIRST]
    best, all_proven = -1, True
    for child in range(first, first + nodes[node, COUNT]):
        if not nodes[child, PROVEN]:
            all_proven = False
        elif best < 0 or totals[child, seat] > totals[best, seat]:
            best = child
    # a proven win (1) decides the node whatever the other children are; anything less only once all are proven
    if best < 0 or not (all_proven or totals[best, seat] == 1.0):
        return False
    nodes[node, PROVEN] = 1
    totals[node] = totals[best]
    return True


@njit(cache=True)
def _score(node: Any, seat: Any, nodes: Any, totals: Any, scores: Any) -> None:
    # stored at the child, as it changes once a simulation and ply, while selection reads it for every sibling
    if nodes[node, PROVEN]:
        scores[node, MEAN], scores[node, WIDTH] = totals[node, seat], 0.0
    else:
        visits = nodes[node, VISITS]
        scores[node, MEAN], scores[node, WIDTH] = totals[node, seat] / visits, 1.0 / math.sqrt(visits)


@njit(cache=True, inline="always")
def _expand(node: Any, size: Any, seat: Any, number: Any, actions: Any, nodes: Any) -> Any:
    """Make the children of a node; their visits, totals and scores are zeros already. Returns the new size."""
    # all children at once, though only one is visited: side by side they need no links but the first and the count
    nodes[node, FIRST], nodes[node, COUNT], nodes[node, FRESH], nodes[node, SEAT] = size, number, number, seat
    for i in range(number):
        nodes[size + i, ACTION] = actions[i]
    return size + number


@njit(cache=True, inline="always")
def _back_up(path: Any, depth: Any, outcome: Any, solver: Any, nodes: Any, totals: Any, scores: Any) -> None:
    """Add an outcome to the nodes of a path; above a newly proven node its certain outcome counts instead."""
    # a proof spreads only from a proven leaf, and no further than the first ancestor that it does not decide
    spreads = solver and nodes[path[depth], PROVEN]
    for i in range(depth, -1, -1):
        node = path[i]
        nodes[node, VISITS] += 1
        if spreads:
            spreads = nodes[node, PROVEN] or _prove(node, nodes, totals)
        for seat in range(len(outcome)):
            if nodes[node, PROVEN]:  # ancestors get the certain outcome instead of the leaf's
                outcome[seat] = totals[node, seat]
            else:
                totals[node, seat] += outcome[seat]
        if i > 0:  # the root has no parent to select it
            _score(node, nodes[path[i - 1], SEAT], nodes, totals, scores)


SIGNATURE = types.UniTuple(types.int64, 2)(
    LEGAL,
    PLAY,
    VALUE,
    MOVER,
    ROLLOUT,
    STATE,
    types.int64,
    types.int64,
    types.int64,
    types.float64,
    types.boolean,
    NODES,
    FLOATS,
    FLOATS,
)


@njit(types.void(types.int64), cache=True)
def seed_draws(seed: Any) -> None:
    """Seed the draws of `simulate` with a number below 2^32."""
    np.random.seed(seed)


@njit(SIGNATURE, cache=True)
def simulate(
    legal: Any,
    play: Any,
    value: Any,
    mover: Any,
    rollout: Any,
    root: Any,
    most_legal: Any,
    size: Any,
    simulations: Any,
    constant: Any,
    solver: Any,
    nodes: Any,
    totals: Any,
    scores: Any,
) -> Any:
    """Grow a tree by some simulations.

    Args:
        legal, play, value, mover, rollout: the rules; see `marl.core.kernels.Kernels`.
        root: ``[D]``, state of the root, not finished.
        most_legal: largest number of legal actions.
        size: nodes of the tree so far; 1 for a new one.
        simulations: number of simulations.
        constant: exploration constant of UCB1.
        solver: True to back up proven outcomes.
        nodes, totals, scores: the tree, of at least ``size + most_legal`` rows.

    Returns:
        Nodes of the tree, and simulations done: fewer if the root is proven or the arrays are full.
    """
    players = totals.shape[1]
    state, outcome = np.empty_like(root), np.empty(players)
    # each simulation visits at most one new node, so no path is longer
    actions, path = np.empty(most_legal, np.int64), np.empty(size + simulations + 1, np.int32)
    for done in range(simulations):
        # a simulation expands at most one node, so it needs room for one expansion
        if nodes[0, PROVEN] or size + most_legal > len(nodes):
            return size, done
        state[:] = root  # nodes store no positions, so each simulation plays from the root
        node, depth, over = 0, 0, False
        path[0] = 0
        while not nodes[node, PROVEN]:
            if nodes[node, COUNT] == 0:  # not expanded yet, or finished, which only the solver marks
                over = value(state, outcome)
                if over:
                    break
                size = _expand(node, size, mover(state), legal(state, actions), actions, nodes)
            new = nodes[node, FRESH] > 0
            node = _visit(node, nodes) if new else _select(node, nodes, scores, constant)
            depth += 1
            path[depth] = node
            play(state, nodes[node, ACTION])
            if new:  # finished games need no playout; the node is expanded on its second visit
                over = value(state, outcome)
                break
        if nodes[node, PROVEN]:
            outcome[:] = totals[node]
        else:
            if not over:
                rollout(state, outcome)
            for seat in range(players):
                outcome[seat] = (outcome[seat] + 1.0) / 2.0  # from [-1, 1] to [0, 1], as UCB1 assumes
            if over and solver:
                nodes[node, PROVEN] = 1
                totals[node] = outcome
        _back_up(path, depth, outcome, solver, nodes, totals, scores)
    return size, simulations


@njit(types.int64(types.int64, NODES, FLOATS, FLOATS, NODES, FLOATS, FLOATS), cache=True)
def subtree(node: Any, nodes: Any, totals: Any, scores: Any, new_nodes: Any, new_totals: Any, new_scores: Any) -> Any:
    """Copy the subtree below a node into another tree, whose root the node becomes.

    Args:
        node: row in the old tree.
        nodes, totals, scores: the old tree.
        new_nodes, new_totals, new_scores: the new tree, empty and at least as large.

    Returns:
        Nodes of the new tree.
    """
    # breadth first: row i of the new tree comes from source[i], and its children take the next free rows, so that
    # they stay side by side
    source = np.empty(nodes.shape[0], np.int32)
    source[0], size, i = node, 1, 0
    while i < size:
        old = source[i]
        new_nodes[i] = nodes[old]
        new_totals[i], new_scores[i] = totals[old], scores[old]
        new_nodes[i, FIRST] = size
        for child in range(nodes[old, FIRST], nodes[old, FIRST] + nodes[old, COUNT]):
            source[size] = child
            size += 1
        i += 1
    return size
