"""Quarto compiled.

The state holds the cells with a piece, the cells with each of the four properties, the pieces that were chosen before,
the chosen piece (-1 for none), and the mover.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from marl.core.kernels import Kernels
from marl.envs.games.kernels.signatures import LEGAL, MOVER, OBSERVE, PHASE, PLAY, ROLLOUT, VALUE
from marl.envs.games.small_boards import lines

if TYPE_CHECKING:
    from marl.envs.games.quarto import Quarto

__all__ = ["KERNELS"]

PLACED, PROPERTIES, GONE, CHOSEN, TURN = 0, 1, 5, 6, 7
"""Places in a state: cells that hold a piece, the first of four properties, pieces that were chosen before, the chosen
piece, and the mover."""
LINES = lines(4, 4)


def encode(game: Quarto) -> NDArray[np.int64]:
    """Encode a position as a state ``[8]``."""
    return np.array([game.placed, *game.properties, game.gone, game.chosen, game.mover], dtype=np.int64)


@njit(LEGAL, cache=True)
def legal(state: Any, out: Any) -> Any:
    choosing = state[CHOSEN] < 0
    taken, first, count = (state[GONE], 0, 0) if choosing else (state[PLACED], 16, 0)
    for i in range(16):
        if not taken >> i & 1:
            out[count] = first + i
            count += 1
    return count


@njit(PLAY, cache=True)
def play(state: Any, action: Any) -> None:
    if state[CHOSEN] < 0:
        state[GONE] |= 1 << action
        state[CHOSEN] = action
        # The turn changes after a choice alone: the other player places this piece and then chooses the next.
        state[TURN] = 1 - state[TURN]
        return
    bit, piece = 1 << (action - 16), state[CHOSEN]
    state[PLACED] |= bit
    for i in range(4):
        if piece >> i & 1:
            state[PROPERTIES + i] |= bit
    state[CHOSEN] = -1


@njit(VALUE, cache=True)
def value(state: Any, out: Any) -> Any:
    # The player who placed a piece is still to move, for it would choose next.
    placed, latest = state[PLACED], state[TURN]
    for line in LINES:
        if placed & line == line:
            for i in range(4):
                shared = state[PROPERTIES + i] & line
                # All four have the property, or all four lack it.
                if shared in (0, line):
                    out[latest], out[1 - latest] = 1.0, -1.0
                    return True
    if placed == 0xFFFF:
        out[0] = out[1] = 0.0
        return True
    return False


@njit(MOVER, cache=True)
def mover(state: Any) -> Any:
    return state[TURN]


@njit(ROLLOUT, cache=True)
def rollout(state: Any, out: Any) -> None:
    actions = np.empty(16, np.int64)
    while not value(state, out):
        play(state, actions[int(np.random.random() * legal(state, actions))])


@njit(OBSERVE, cache=True)
def observe(state: Any, seat: Any, out: Any) -> None:
    piece = state[CHOSEN]
    for cell in range(16):
        place = 11 * cell
        out[place] = state[PLACED] >> cell & 1
        out[place + 5] = not state[GONE] >> cell & 1
        out[place + 6] = piece >= 0
        for i in range(4):
            out[place + 1 + i] = state[PROPERTIES + i] >> cell & 1
            out[place + 7 + i] = piece >= 0 and piece >> i & 1


@njit(PHASE, cache=True)
def phase(state: Any) -> Any:
    return int(state[CHOSEN] >= 0)


KERNELS = Kernels(legal, play, value, mover, encode, 16, rollout, observe, phase)
