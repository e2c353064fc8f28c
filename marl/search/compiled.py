"""UCT compiled by Numba: one search for all games, whose compiled rules it takes as arguments.

The rules come as function pointers (Numba's first-class functions), so that the search is compiled once and kept
in Numba's cache whatever the game.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit, types
from numba.core.types import FunctionType

__all__ = ["simulate", "subtree"]

STATE = types.Array(types.int64, 1, "C")
RETURNS = types.Array(types.float64, 1, "C")
LEGAL = FunctionType(types.int64(STATE, STATE))
PLAY = FunctionType(types.void(STATE, types.int64))
VALUE = FunctionType(types.boolean(STATE, RETURNS))
MOVER = FunctionType(types.int64(STATE))
INTEGERS = types.Array(types.int32, 1, "C")
FLAGS = types.Array(types.boolean, 1, "C")
TOTALS = types.Array(types.float64, 2, "C")


@njit(cache=True)
def _select(first: Any, count: Any, seat: Any, visits: Any, total: Any, proven: Any, constant: Any, log: Any) -> Any:
    """The child of the largest upper confidence bound; one that was not visited is drawn before all others."""
    fresh = 0
    for child in range(first, first + count):
        if visits[child] == 0:
            fresh += 1
    if fresh:
        skip = int(np.random.random() * fresh)
        for child in range(first, first + count):
            if visits[child] == 0:
                if skip == 0:
                    return child
                skip -= 1
    best, highest = first, -np.inf
    for child in range(first, first + count):
        if proven[child]:
            bound = total[child, seat]
        else:
            bound = total[child, seat] / visits[child] + constant * math.sqrt(log / visits[child])
        if bound > highest:
            best, highest = child, bound
    return best


@njit(cache=True)
def _prove(node: Any, seat: Any, first: Any, count: Any, total: Any, proven: Any) -> Any:
    """Whether a node's outcome follows from its children's; then it is written."""
    begin, best = first[node], -1
    for child in range(begin, begin + count[node]):
        if proven[child] and total[child, seat] == 1.0:
            best = child
            break
    if best < 0:
        for child in range(begin, begin + count[node]):
            if not proven[child]:
                return False
            if best < 0 or total[child, seat] > total[best, seat]:
                best = child
    proven[node] = True
    total[node] = total[best]
    return True


SIGNATURE = types.int64(
    LEGAL,
    PLAY,
    VALUE,
    MOVER,
    STATE,
    types.int64,
    types.int64,
    types.float64,
    types.boolean,
    types.int64,
    INTEGERS,
    INTEGERS,
    INTEGERS,
    INTEGERS,
    TOTALS,
    FLAGS,
    types.int64,
)


@njit(SIGNATURE, cache=True)
def simulate(
    legal: Any,
    play: Any,
    value: Any,
    mover: Any,
    root: Any,
    size: Any,
    simulations: Any,
    constant: Any,
    solver: Any,
    seed: Any,
    first: Any,
    count: Any,
    action: Any,
    visits: Any,
    total: Any,
    proven: Any,
    most_legal: Any,
) -> Any:
    """Grows a tree by some simulations. Node 0 is the root; a node's children lie side by side.

    Args:
        legal, play, value, mover: the rules; see `marl.game.Kernels`.
        root: ``[D]``, the state that is searched from, not finished.
        size: nodes of the tree so far; 0 for a new one.
        simulations: how many.
        constant: of the upper confidence bound.
        solver: whether proven outcomes are backed up.
        seed: of what is drawn, below 2^32.
        first: ``[M]``, the first child of each node, -1 for none.
        count: ``[M]``, children of each node.
        action: ``[M]``, that led to each node.
        visits: ``[M]``.
        total: ``[M, P]``, sum of outcomes in ``[0, 1]`` for each seat; of a proven node the outcome itself.
        proven: ``[M]``.
        most_legal: the largest number of legal actions.

    Returns:
        Nodes of the tree, at most ``size + 1 + simulations most_legal``.
    """
    np.random.seed(seed)
    players = total.shape[1]
    state, outcome = root.copy(), np.empty(players)
    actions = np.empty(most_legal, np.int64)
    path, seats = np.empty(first.shape[0], np.int32), np.empty(first.shape[0], np.int32)
    if size == 0:
        first[0], count[0], visits[0], proven[0], size = -1, 0, 0, False, 1
        total[0] = 0.0
    for _ in range(simulations):
        state[:] = root
        node, depth, over = 0, 0, False
        path[0] = 0
        while not over and not proven[node]:
            grown = first[node] >= 0
            if not grown:
                number = legal(state, actions)
                first[node], count[node] = size, number
                for i in range(number):
                    first[size], count[size], action[size], visits[size], proven[size] = -1, 0, actions[i], 0, False
                    total[size] = 0.0
                    size += 1
            seats[depth] = mover(state)
            log = math.log(visits[node]) if visits[node] else 0.0
            node = _select(first[node], count[node], seats[depth], visits, total, proven, constant, log)
            depth += 1
            path[depth] = node
            play(state, action[node])
            over = value(state, outcome)
            if visits[node] == 0:
                break
        if proven[node]:
            outcome[:] = total[node]
        else:
            ended = over
            while not over:
                number = legal(state, actions)
                play(state, actions[int(np.random.random() * number)])
                over = value(state, outcome)
            for seat in range(players):
                outcome[seat] = (outcome[seat] + 1.0) / 2.0
            if ended and solver:
                proven[node] = True
                total[node] = outcome
        spreads = proven[node] and solver
        for i in range(depth, -1, -1):
            node = path[i]
            if spreads and i < depth and not proven[node]:
                spreads = _prove(node, seats[i], first, count, total, proven)
            visits[node] += 1
            if not proven[node]:
                total[node] += outcome
    return size


@njit(
    types.int64(types.int64, *([INTEGERS] * 4), TOTALS, FLAGS, *([INTEGERS] * 4), TOTALS, FLAGS),
    cache=True,
)
def subtree(
    node: Any,
    first: Any,
    count: Any,
    action: Any,
    visits: Any,
    total: Any,
    proven: Any,
    new_first: Any,
    new_count: Any,
    new_action: Any,
    new_visits: Any,
    new_total: Any,
    new_proven: Any,
) -> Any:
    """Copies what lies below a node into another tree, whose root it becomes.

    Args:
        node: in the old tree.
        first, count, action, visits, total, proven: the old tree; see `simulate`.
        new_first, new_count, new_action, new_visits, new_total, new_proven: the new one, as large at least.

    Returns:
        Nodes of the new tree.
    """
    source = np.empty(first.shape[0], np.int32)
    source[0], size = node, 1
    new_action[0] = action[node]
    i = 0
    while i < size:
        old = source[i]
        new_visits[i], new_proven[i], new_count[i] = visits[old], proven[old], count[old]
        new_total[i] = total[old]
        new_first[i] = -1 if first[old] < 0 else size
        if first[old] >= 0:
            for child in range(first[old], first[old] + count[old]):
                source[size], new_action[size] = child, action[child]
                size += 1
        i += 1
    return size
