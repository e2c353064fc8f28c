"""Nine-board tic-tac-toe compiled.

The state is the cells of each seat on each of the nine boards (seat 0 first), the mover, the board to be played on,
and whether the last action completed a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from envs.kernels.signatures import LEGAL, MOVER, PLAY, VALUE
from envs.tic_tac_toe import WON as WON_BY_CELLS
from marl.game import Kernels

if TYPE_CHECKING:
    from envs.nine_board import NineBoard

__all__ = ["KERNELS"]

WON = np.array(WON_BY_CELLS)


def encode(game: NineBoard) -> NDArray[np.int64]:
    """``[21]``."""
    cells = [side >> 9 * board & 0o777 for side in game.cells for board in range(9)]
    return np.array([*cells, game.mover, game.board, game.won], dtype=np.int64)


@njit(LEGAL, cache=True)
def legal(state: Any, out: Any) -> Any:
    board, count = state[19], 0
    taken = state[board] | state[9 + board]
    for cell in range(9):
        if not taken >> cell & 1:
            out[count] = 9 * board + cell
            count += 1
    return count


@njit(PLAY, cache=True)
def play(state: Any, action: Any) -> None:
    seat, board = state[18], state[19]
    cell = action - 9 * board
    place = 9 * seat + board
    state[place] |= 1 << cell
    state[20] = WON[state[place]]
    state[18], state[19] = 1 - seat, cell


@njit(VALUE, cache=True)
def value(state: Any, out: Any) -> Any:
    if state[20]:
        winner = 1 - state[18]
        out[winner], out[1 - winner] = 1.0, -1.0
        return True
    board = state[19]
    if state[board] | state[9 + board] == 0o777:
        out[0] = out[1] = 0.0
        return True
    return False


@njit(MOVER, cache=True)
def mover(state: Any) -> Any:
    return state[18]


KERNELS = Kernels(legal, play, value, mover, encode, 9)
