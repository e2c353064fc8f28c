"""Tic-tac-toe compiled: the state is the cells of both seats and the mover."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from marl.core.kernels import Kernels
from marl.envs.games.kernels.signatures import LEGAL, MOVER, OBSERVE, PLAY, ROLLOUT, VALUE
from marl.envs.games.small_boards import FREE
from marl.envs.games.small_boards import WON as WON_BY_CELLS

if TYPE_CHECKING:
    from marl.envs.games.tic_tac_toe import TicTacToe

__all__ = ["FREE_CELLS", "KERNELS"]

TURN = 2
"""Place in a state after the cells of both seats: the mover."""
WON = np.array(WON_BY_CELLS)
FREE_CELLS = np.array([(len(free), *free, *(9 - len(free)) * [0]) for free in FREE], dtype=np.int8)
"""``[512, 10]``: for each set of taken cells, the number of free cells, and these in rising order."""
LEFT, FIRST = 0, 1
"""Places in such a row: the number of free cells, and the first of them."""


def encode(game: TicTacToe) -> NDArray[np.int64]:
    """Encode a position as a state ``[3]``."""
    return np.array([*game.cells, game.mover], dtype=np.int64)


@njit(LEGAL, cache=True)
def legal(state: Any, out: Any) -> Any:
    taken, count = state[0] | state[1], 0
    for cell in range(9):
        if not taken >> cell & 1:
            out[count] = cell
            count += 1
    return count


@njit(PLAY, cache=True)
def play(state: Any, action: Any) -> None:
    seat = state[TURN]
    state[seat] |= 1 << action
    state[TURN] = 1 - seat


@njit(VALUE, cache=True)
def value(state: Any, out: Any) -> Any:
    # Only the seat that moved last can have completed a line.
    latest = 1 - state[TURN]
    if WON[state[latest]]:
        out[latest], out[1 - latest] = 1.0, -1.0
        return True
    if state[0] | state[1] == 0o777:
        out[0] = out[1] = 0.0
        return True
    return False


@njit(MOVER, cache=True)
def mover(state: Any) -> Any:
    return state[TURN]


@njit(ROLLOUT, cache=True)
def rollout(state: Any, out: Any) -> None:
    seat = state[TURN]
    own, other = state[seat], state[1 - seat]
    # Each action takes one cell, so the number of free cells counts down and needs no look-up.
    for left in range(FREE_CELLS[own | other, LEFT], 0, -1):
        own |= 1 << FREE_CELLS[own | other, FIRST + int(np.random.random() * left)]
        if WON[own]:
            out[seat], out[1 - seat] = 1.0, -1.0
            return
        own, other, seat = other, own, 1 - seat
    out[0] = out[1] = 0.0


@njit(OBSERVE, cache=True)
def observe(state: Any, seat: Any, out: Any) -> None:
    for plane in range(2):
        cells = state[seat if plane == 0 else 1 - seat]
        for cell in range(9):
            out[2 * cell + plane] = cells >> cell & 1


KERNELS = Kernels(legal, play, value, mover, encode, 9, rollout, observe)
