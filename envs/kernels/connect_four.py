"""Connect four compiled: the state is the discs of both seats, the mover and the number of discs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from envs.kernels.signatures import LEGAL, MOVER, PLAY, VALUE
from marl.game import Kernels

if TYPE_CHECKING:
    from envs.connect_four import ConnectFour

__all__ = ["KERNELS"]


def encode(game: ConnectFour) -> NDArray[np.int64]:
    """``[4]``."""
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
    seat, taken = state[2], state[0] | state[1]
    column = 0b111111 << 7 * action
    state[seat] |= (taken + (1 << 7 * action)) & column & ~taken
    state[2] = 1 - seat
    state[3] += 1


@njit(VALUE, cache=True)
def value(state: Any, out: Any) -> Any:
    latest = 1 - state[2]
    discs = state[latest]
    for step in (1, 7, 6, 8):
        pairs = discs & discs >> step
        if pairs & pairs >> 2 * step:
            out[latest], out[1 - latest] = 1.0, -1.0
            return True
    if state[3] == 42:
        out[0] = out[1] = 0.0
        return True
    return False


@njit(MOVER, cache=True)
def mover(state: Any) -> Any:
    return state[2]


KERNELS = Kernels(legal, play, value, mover, encode, 7)
