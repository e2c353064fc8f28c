"""Nine-board tic-tac-toe compiled.

The state holds the cells of each seat on each of the nine boards (seat 0 first), the mover, the board to be played on,
and 1 if the last action completed a line.
"""

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
    from marl.envs.games.nine_board import NineBoard

__all__ = ["KERNELS"]

TURN, BOARD, ENDED = 18, 19, 20
"""Places in a state after the cells of both seats: the mover, the board to be played on, 1 for a line."""
WON = np.array(WON_BY_CELLS)
FREE_CELLS = np.array([(len(free), *free, *(9 - len(free)) * [0]) for free in FREE], dtype=np.int8)
"""``[512, 10]``: for each set of taken cells of a board, the number of free cells, and these in rising order."""
LEFT, FIRST = 0, 1
"""Places in such a row: the number of free cells, and the first of them."""


def encode(game: NineBoard) -> NDArray[np.int64]:
    """Encode a position as a state ``[21]``."""
    cells = [side >> 9 * board & 0o777 for side in game.cells for board in range(9)]
    return np.array([*cells, game.mover, game.board, game.won], dtype=np.int64)


@njit(LEGAL, cache=True)
def legal(state: Any, out: Any) -> Any:
    board, count = state[BOARD], 0
    taken = state[board] | state[9 + board]
    for cell in range(9):
        if not taken >> cell & 1:
            out[count] = 9 * board + cell
            count += 1
    return count


@njit(PLAY, cache=True)
def play(state: Any, action: Any) -> None:
    seat, board = state[TURN], state[BOARD]
    cell = action - 9 * board
    place = 9 * seat + board
    state[place] |= 1 << cell
    # Looked up once here, for the only board on which a line can be new.
    state[ENDED] = WON[state[place]]
    state[TURN], state[BOARD] = 1 - seat, cell


@njit(VALUE, cache=True)
def value(state: Any, out: Any) -> Any:
    if state[ENDED]:
        winner = 1 - state[TURN]
        out[winner], out[1 - winner] = 1.0, -1.0
        return True
    board = state[BOARD]
    if state[board] | state[9 + board] == 0o777:
        out[0] = out[1] = 0.0
        return True
    return False


@njit(MOVER, cache=True)
def mover(state: Any) -> Any:
    return state[TURN]


@njit(ROLLOUT, cache=True)
def rollout(state: Any, out: Any) -> None:
    # Offsets of the cells of mover and other: exchanging them changes the turn without a branch.
    own, other, board = 9 * state[TURN], 9 - 9 * state[TURN], state[BOARD]
    while True:
        cells = state[own + board]
        taken = cells | state[other + board]
        left = FREE_CELLS[taken, LEFT]
        if left == 0:
            out[0] = out[1] = 0.0
            return
        cell = FREE_CELLS[taken, FIRST + int(np.random.random() * left)]
        cells |= 1 << cell
        if WON[cells]:
            winner = own // 9
            out[winner], out[1 - winner] = 1.0, -1.0
            return
        state[own + board] = cells
        own, other, board = other, own, cell


@njit(OBSERVE, cache=True)
def observe(state: Any, seat: Any, out: Any) -> None:
    present = state[BOARD]
    over = state[ENDED] or state[present] | state[9 + present] == 0o777
    for board in range(9):
        for cell in range(9):
            # row and column of the whole square
            place = 3 * (9 * (board // 3 * 3 + cell // 3) + board % 3 * 3 + cell % 3)
            out[place] = state[9 * seat + board] >> cell & 1
            out[place + 1] = state[9 * (1 - seat) + board] >> cell & 1
            out[place + 2] = board == present and not over


KERNELS = Kernels(legal, play, value, mover, encode, 9, rollout, observe)
