from __future__ import annotations

import numpy as np
import pytest

from marl.envs.games.connect_four import ConnectFour

pytest.importorskip("numba")
from marl.envs.games.kernels.connect_four import KERNELS


def legal(state: np.ndarray) -> list[int]:
    out = np.zeros(KERNELS.most_legal, dtype=np.int64)
    return out[: KERNELS.legal(state, out)].tolist()


def test_a_disc_falls_onto_those_of_its_column() -> None:
    """Column 3 has bits 21 to 26."""
    state = KERNELS.encode(ConnectFour())
    for action in (3, 3):
        KERNELS.play(state, action)
    assert state.tolist() == [1 << 21, 1 << 22, 0, 2]
    assert legal(state) == [0, 1, 2, 3, 4, 5, 6]
    assert legal(np.array([0b010101, 0b101010, 0, 6])) == [1, 2, 3, 4, 5, 6]


def test_four_in_a_line_win_and_do_not_run_over_the_edge() -> None:
    out = np.full(2, 9.0)
    for line in (0b1111, 1 | 1 << 7 | 1 << 14 | 1 << 21, 1 | 1 << 8 | 1 << 16 | 1 << 24):
        assert KERNELS.value(np.array([line, 0, 1, 7]), out)
        assert out.tolist() == [1, -1]
    # three at the top of a column and one at the foot of the next
    assert not KERNELS.value(np.array([0b111000 | 1 << 7, 0, 1, 7]), out)
    assert KERNELS.value(np.array([0, 0, 0, 42]), out)
    assert out.tolist() == [0, 0]
