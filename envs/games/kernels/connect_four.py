"""Connect four compiled: the state is the discs of both seats, the mover and the number of discs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from marl.core.kernels import Kernels
from marl.envs.games.kernels.signatures import LEGAL, MOVER, OBSERVE, PLAY, ROLLOUT, VALUE

if TYPE_CHECKING:
    from marl.envs.games.connect_four import ConnectFour

__all__ = ["KERNELS"]

TURN, PLAYED = 2, 3
"""Places in a state after the discs of seats 0 and 1: the mover, and the number of discs."""
FREE = [[column for column in range(7) if not full >> column & 1] for full in range(128)]
FREE_COLUMNS = np.array([(len(free), *free, *(7 - len(free)) * [0]) for free in FREE], dtype=np.int8)
"""``[128, 8]``: for each set of full columns, the number of free columns, and these in rising order."""
LEFT, FIRST = 0, 1
"""Places in such a row: the number of free columns, and the first of them."""


def encode(game: ConnectFour) -> NDArray[np.int64]:
    """Encode a position as a state ``[4]``."""
    return np.array([*game.discs, game.mover, (game.discs[0] | game.discs[1]).bit_count()], dtype=np.int64)


@njit(LEGAL, cache=True)
def legal(state: Any, out: Any) -> Any:
    taken, count = state[0] | state[1], 0
    for column in range(7):
        if not taken >> (7 * column + 5) & 1:
            out[count] = column
            count += 1
    return count


@njit(PLAY, cache=True)
def play(state: Any, action: Any) -> None:
    seat, taken = state[TURN], state[0] | state[1]
    column = 0b111111 << 7 * action
    # Adding the column's lowest bit to its discs carries up to its lowest free cell.
    state[seat] |= (taken + (1 << 7 * action)) & column & ~taken
    state[TURN] = 1 - seat
    state[PLAYED] += 1


@njit(cache=True)
def four_in_line(discs: Any) -> Any:
    # Up, right, and both diagonals. The seventh bit of a column is empty and keeps lines from running over its edge.
    for step in (1, 7, 6, 8):
        pairs = discs & discs >> step
        if pairs & pairs >> 2 * step:
            return True
    return False


@njit(VALUE, cache=True)
def value(state: Any, out: Any) -> Any:
    # Only the seat that moved last can have completed a line.
    latest = 1 - state[TURN]
    if four_in_line(state[latest]):
        out[latest], out[1 - latest] = 1.0, -1.0
        return True
    if state[PLAYED] == 42:
        out[0] = out[1] = 0.0
        return True
    return False


@njit(MOVER, cache=True)
def mover(state: Any) -> Any:
    return state[TURN]


@njit(ROLLOUT, cache=True)
def rollout(state: Any, out: Any) -> None:
    seat = state[TURN]
    own, taken = state[seat], state[0] | state[1]
    other, full = state[1 - seat], 0
    for column in range(7):
        full |= (taken >> (7 * column + 5) & 1) << column
    # The set of full columns is kept along the playout: it is the row of the table that columns are drawn from.
    while full != 0b1111111:
        column = FREE_COLUMNS[full, FIRST + int(np.random.random() * FREE_COLUMNS[full, LEFT])]
        bit = taken + (1 << 7 * column) & 0b111111 << 7 * column
        own |= bit
        if four_in_line(own):
            out[seat], out[1 - seat] = 1.0, -1.0
            return
        taken |= bit
        full |= (bit >> (7 * column + 5)) << column
        own, other, seat = other, own, 1 - seat
    out[0] = out[1] = 0.0


@njit(OBSERVE, cache=True)
def observe(state: Any, seat: Any, out: Any) -> None:
    for plane in range(2):
        discs = state[seat if plane == 0 else 1 - seat]
        for column in range(7):
            for row in range(6):  # bits count from the bottom, what is seen from the top
                out[2 * (7 * (5 - row) + column) + plane] = discs >> (7 * column + row) & 1


KERNELS = Kernels(legal, play, value, mover, encode, 7, rollout, observe)
