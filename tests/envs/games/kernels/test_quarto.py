from __future__ import annotations

import numpy as np
import pytest

from marl.envs.games.quarto import Quarto

pytest.importorskip("numba")
from marl.envs.games.kernels.quarto import KERNELS


def legal(state: np.ndarray) -> list[int]:
    out = np.zeros(KERNELS.most_legal, dtype=np.int64)
    return out[: KERNELS.legal(state, out)].tolist()


def test_a_piece_is_chosen_for_the_other_who_places_it_and_chooses() -> None:
    """Piece 11 is 0b1011: it has the properties 0, 1 and 3."""
    state = KERNELS.encode(Quarto())
    assert state.tolist() == [0, 0, 0, 0, 0, 0, -1, 0]
    KERNELS.play(state, 11)
    assert state.tolist() == [0, 0, 0, 0, 0, 1 << 11, 11, 1]
    assert legal(state) == list(range(16, 32))
    KERNELS.play(state, 16 + 5)
    assert state.tolist() == [32, 32, 32, 0, 32, 1 << 11, -1, 1]
    assert legal(state) == [*range(11), 12, 13, 14, 15]


def test_four_that_share_a_property_or_lack_it_win_for_the_mover() -> None:
    out = np.full(2, 9.0)
    mixed = 0b0011
    for shared in (0b1111, 0):
        assert KERNELS.value(np.array([0b1111, mixed, shared, mixed, mixed, 0, -1, 1]), out)
        assert out.tolist() == [-1, 1]
    assert not KERNELS.value(np.array([0b1111, mixed, mixed, mixed, mixed, 0, -1, 1]), out)
