from __future__ import annotations

import numpy as np
import pytest

from marl.envs.games.three_marks import ThreeMarks

pytest.importorskip("numba")
from marl.envs.games.kernels.three_marks import KERNELS


def legal(state: np.ndarray) -> list[int]:
    out = np.zeros(KERNELS.most_legal, dtype=np.int64)
    return out[: KERNELS.legal(state, out)].tolist()


def test_three_seats_take_turns() -> None:
    state = KERNELS.encode(ThreeMarks())
    movers = []
    for action in (0, 5, 10):
        movers.append(KERNELS.mover(state))
        KERNELS.play(state, action)
    assert movers == [0, 1, 2]
    assert state.tolist() == [1 << 0, 1 << 5, 1 << 10, 3]
    assert KERNELS.mover(state) == 0
    assert legal(state) == [1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 15]


def test_a_line_of_three_wins_for_the_latest_and_costs_each_other_half() -> None:
    out = np.full(3, 9.0)
    assert KERNELS.value(np.array([0b111, 0, 0, 7]), out)
    assert out.tolist() == [1, -0.5, -0.5]
    # cells 3, 4 and 5 in the order of reading turn a corner
    assert not KERNELS.value(np.array([0b111 << 2, 0, 0, 7]), out)
    assert KERNELS.value(np.array([0, 0, 0, 16]), out)
    assert out.tolist() == [0, 0, 0]
