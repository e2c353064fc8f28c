"""Negamax compiled by Numba: the same numbers as `marl.games.search.negamax`.

See also `marl.games.search.compiled.uct`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from marl.core.game import Game
from marl.core.kernels import Kernels
from marl.games.search.compiled.pointers import LEGAL, MOVER, PLAY, RETURNS, VALUE, pointers_of

__all__ = ["NOT_ZERO_SUM", "POSITIONS", "UNFINISHED", "explore"]

POSITIONS, UNFINISHED, NOT_ZERO_SUM = range(3)
"""Columns of the counts: positions searched, those of them at the depth limit, and ends that are not zero-sum."""
COUNTED = 3

STATES = types.Array(types.int64, 2, "C")
COUNTS = types.Array(types.int64, 1, "C")
OUTCOMES = types.Array(types.float64, 2, "C")


@njit(types.void(STATES, types.int64, types.int64, COUNTS), cache=True)
def _order(actions: Any, ply: Any, number: Any, weight: Any) -> None:
    """Sort the actions of a ply by falling weight, stably."""
    # insertion sort: stable, as the Python search's sort must be matched, and fast for few actions
    for i in range(1, number):
        action, j = actions[ply, i], i
        while j > 0 and weight[actions[ply, j - 1]] < weight[action]:
            actions[ply, j] = actions[ply, j - 1]
            j -= 1
        actions[ply, j] = action


RULES = (LEGAL, PLAY, VALUE, MOVER)
ROOM = (STATES, STATES, STATES, OUTCOMES, COUNTS)


@njit(types.float64(*RULES, types.int64, types.int64, types.float64, types.float64, *ROOM), cache=True)
def _outlook(
    legal: Any,
    play: Any,
    value: Any,
    mover: Any,
    ply: Any,
    depth: Any,
    alpha: Any,
    beta: Any,
    states: Any,
    actions: Any,
    weights: Any,
    outcomes: Any,
    counts: Any,
) -> Any:
    """Return that the mover of ``states[ply]`` can reach: exact between alpha and beta, else a bound."""
    state, outcome = states[ply], outcomes[ply]
    counts[POSITIONS] += 1
    seat = mover(state)
    if value(state, outcome):
        if outcome[0] + outcome[1] != 0.0:
            counts[NOT_ZERO_SUM] += 1  # the caller raises the error, as it knows the game's name
        return outcome[seat]
    if depth == 0:
        counts[UNFINISHED] += 1
        return 0.0
    # best starts below every return, so any action is better
    number, best, after, depth = legal(state, actions[ply]), -2.0, ply + 1, depth - 1
    _order(actions, ply, number, weights[seat])
    for i in range(number):
        action = actions[ply, i]
        states[after] = state  # one row a ply, so that nothing is allocated in the search
        play(states[after], action)
        low = max(alpha, best)
        # sign and window turn only where the mover changes, as a player may move twice in a row
        if mover(states[after]) == seat:
            found = _outlook(
                legal, play, value, mover, after, depth, low, beta, states, actions, weights, outcomes, counts
            )
        else:
            found = -_outlook(
                legal, play, value, mover, after, depth, -beta, -low, states, actions, weights, outcomes, counts
            )
        best = max(best, found)
        # cut-off: the other player has a better choice before this position; the weight grows with the depth saved
        if best >= beta:
            weights[seat, action] += (depth + 1) * (depth + 1)
            break
    return best


@njit(types.int64(*RULES, types.int64, types.boolean, *ROOM[:-1], RETURNS, STATES), cache=True)
def _explore(
    legal: Any,
    play: Any,
    value: Any,
    mover: Any,
    depth: Any,
    exact: Any,
    states: Any,
    actions: Any,
    weights: Any,
    outcomes: Any,
    values: Any,
    counts: Any,
) -> Any:
    """Write values and counts of all actions of the position in ``states[0]``; return the number of actions."""
    seat, best, number = mover(states[0]), -1.0, legal(states[0], actions[0])
    for i in range(number):
        states[1] = states[0]
        play(states[1], actions[0, i])
        low = -1.0 if exact else best  # a narrower window is faster, but only bounds actions after the best
        if mover(states[1]) == seat:
            found = _outlook(
                legal, play, value, mover, 1, depth - 1, low, 1.0, states, actions, weights, outcomes, counts[i]
            )
        else:
            found = -_outlook(
                legal, play, value, mover, 1, depth - 1, -1.0, -low, states, actions, weights, outcomes, counts[i]
            )
        values[i] = found + 0.0  # turns -0.0 into 0.0
        best = max(best, found)
    return number


def explore(game: Game, kernels: Kernels, depth: int, exact: bool) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Value all actions of a position; see `marl.games.search.negamax.explore`.

    Args:
        game: not finished.
        kernels: its compiled rules.
        depth: moves to look ahead, at least 1.
        exact: True for exact values of all actions.

    Returns:
        For each legal action in rising order the value ``[n]``, and counts ``[n, 3]`` with the columns `POSITIONS`,
        `UNFINISHED` and `NOT_ZERO_SUM`.
    """
    state, most, players = kernels.encode(game), kernels.most_legal, game.num_players
    states = np.empty((depth + 1, len(state)), dtype=np.int64)
    states[0] = state
    actions = np.empty((depth + 1, most), dtype=np.int64)
    weights = np.zeros((players, game.num_actions), dtype=np.int64)
    outcomes = np.empty((depth + 1, players))
    values, counts = np.empty(most), np.zeros((most, COUNTED), dtype=np.int64)
    room = (states, actions, weights, outcomes, values, counts)
    legal, play, value, mover, _ = pointers_of(kernels)
    number = _explore(legal, play, value, mover, depth, exact, *room)
    return values[:number], counts[:number]
