from __future__ import annotations

import numpy as np
import pytest

from marl.envs.games.tic_tac_toe import TicTacToe

pytest.importorskip("numba")
from marl.envs.games.kernels.tic_tac_toe import KERNELS


def legal(state: np.ndarray) -> list[int]:
    out = np.zeros(KERNELS.most_legal, dtype=np.int64)
    return out[: KERNELS.legal(state, out)].tolist()


def test_a_state_is_cells_of_both_seats_and_the_mover() -> None:
    state = KERNELS.encode(TicTacToe())
    assert state.tolist() == [0, 0, 0]
    for action in (0, 4):
        KERNELS.play(state, action)
    assert state.tolist() == [1 << 0, 1 << 4, 0]
    assert KERNELS.mover(state) == 0
    assert legal(state) == [1, 2, 3, 5, 6, 7, 8]


def test_a_line_wins_for_the_seat_before_the_mover_and_a_full_board_is_drawn() -> None:
    out = np.full(2, 9.0)
    assert not KERNELS.value(np.array([0b011, 0b11000, 0]), out)
    assert KERNELS.value(np.array([0b111, 0b11000, 1]), out)
    assert out.tolist() == [1, -1]
    assert KERNELS.value(np.array([0b110_001_101, 0b001_110_010, 1]), out)
    assert out.tolist() == [0, 0]
