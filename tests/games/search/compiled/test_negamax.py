from __future__ import annotations

import numpy as np
import pytest

from marl.envs.games.tic_tac_toe import TicTacToe

pytest.importorskip("numba")
from marl.envs.games.kernels.tic_tac_toe import KERNELS
from marl.games.search.compiled.negamax import NOT_ZERO_SUM, POSITIONS, UNFINISHED, explore

# X on cells 1 and 2, O on 4 and 5, X to move: action 6 completes the first row, action 7 blocks the second.
GAME = TicTacToe((1 << 0 | 1 << 3, 1 << 1 | 1 << 4))


def test_one_move_ahead_only_the_win_is_seen() -> None:
    assert GAME.legal == (2, 5, 6, 7, 8)
    values, counts = explore(GAME, KERNELS, 1, exact=True)
    assert values.tolist() == [0, 0, 1, 0, 0]
    assert counts[:, POSITIONS].tolist() == [1, 1, 1, 1, 1]
    assert counts[:, UNFINISHED].tolist() == [1, 1, 0, 1, 1]
    assert not counts[:, NOT_ZERO_SUM].any()


def test_two_moves_ahead_all_but_the_win_and_the_block_lose() -> None:
    values, _ = explore(GAME, KERNELS, 2, exact=True)
    assert values.tolist() == [-1, -1, 1, 0, -1]


def test_a_narrow_window_looks_at_no_more_and_finds_the_same_best() -> None:
    (exact, wide), (bounds, narrow) = (explore(TicTacToe(), KERNELS, 6, exact) for exact in (True, False))
    assert np.argmax(bounds) == np.argmax(exact)
    assert narrow[:, POSITIONS].sum() < wide[:, POSITIONS].sum()
