from __future__ import annotations

import numpy as np
import pytest

from marl.envs.games.nine_board import NineBoard

pytest.importorskip("numba")
from marl.envs.games.kernels.nine_board import KERNELS


def legal(state: np.ndarray) -> list[int]:
    out = np.zeros(KERNELS.most_legal, dtype=np.int64)
    return out[: KERNELS.legal(state, out)].tolist()


def test_the_cell_taken_names_the_next_board() -> None:
    state = KERNELS.encode(NineBoard())
    assert state.tolist() == [0] * 21
    KERNELS.play(state, 4)
    assert state.tolist() == [1 << 4, *[0] * 17, 1, 4, 0]
    assert legal(state) == list(range(36, 45))
    KERNELS.play(state, 36)
    assert state.tolist() == [1 << 4, *[0] * 12, 1, *[0] * 4, 0, 0, 0]
    assert legal(state) == [0, 1, 2, 3, 5, 6, 7, 8]


def test_a_line_wins_and_a_full_board_is_drawn() -> None:
    out = np.full(2, 9.0)
    state = np.array([0b110, *[0] * 17, 0, 0, 0])
    assert not KERNELS.value(state, out)
    KERNELS.play(state, 0)
    assert KERNELS.value(state, out)
    assert out.tolist() == [1, -1]
    full = np.array([0b110_001_101, *[0] * 8, 0b001_110_010, *[0] * 8, 1, 0, 0])
    assert KERNELS.value(full, out)
    assert out.tolist() == [0, 0]
