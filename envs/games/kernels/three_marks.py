"""Tic-tac-toe for three compiled: the state is the cells of the three seats and the number of marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from marl.core.kernels import Kernels
from marl.envs.games.kernels.signatures import LEGAL, MOVER, OBSERVE, PLAY, ROLLOUT, VALUE
from marl.envs.games.small_boards import lines

if TYPE_CHECKING:
    from marl.envs.games.three_marks import ThreeMarks

__all__ = ["KERNELS"]

PLAYED = 3
"""Place in a state after the cells of the three seats: the number of marks, from which the mover follows."""
LINES = lines(4, 3)


def encode(game: ThreeMarks) -> NDArray[np.int64]:
    """Encode a position as a state ``[4]``."""
    first, second, third = game.cells
    return np.array([*game.cells, (first | second | third).bit_count()], dtype=np.int64)


@njit(LEGAL, cache=True)
def legal(state: Any, out: Any) -> Any:
    taken, count = state[0] | state[1] | state[2], 0
    for cell in range(16):
        if not taken >> cell & 1:
            out[count] = cell
            count += 1
    return count


@njit(PLAY, cache=True)
def play(state: Any, action: Any) -> None:
    state[state[PLAYED] % 3] |= 1 << action
    state[PLAYED] += 1


@njit(VALUE, cache=True)
def value(state: Any, out: Any) -> Any:
    # Only the seat before the mover can have completed a line; + 2 is - 1 without a negative number.
    latest = (state[PLAYED] + 2) % 3
    cells = state[latest]
    for line in LINES:
        if cells & line == line:
            out[:] = -0.5
            out[latest] = 1.0
            return True
    if state[PLAYED] == 16:
        out[:] = 0.0
        return True
    return False


@njit(MOVER, cache=True)
def mover(state: Any) -> Any:
    return state[PLAYED] % 3


@njit(ROLLOUT, cache=True)
def rollout(state: Any, out: Any) -> None:
    actions = np.empty(16, np.int64)
    while not value(state, out):
        play(state, actions[int(np.random.random() * legal(state, actions))])


@njit(OBSERVE, cache=True)
def observe(state: Any, seat: Any, out: Any) -> None:
    for ahead in range(3):
        cells = state[(seat + ahead) % 3]
        for cell in range(16):
            out[3 * cell + ahead] = cells >> cell & 1


KERNELS = Kernels(legal, play, value, mover, encode, 16, rollout, observe)
