from __future__ import annotations

import pytest
from heap_game import Heap

from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.search.kernel_choice import kernels_for


def test_compiled_rules_are_taken_where_they_are_unless_python_is_wished() -> None:
    pytest.importorskip("numba")
    assert kernels_for(TicTacToe(), None) is TicTacToe.kernels() is not None
    assert kernels_for(TicTacToe(), True) is TicTacToe.kernels()
    assert kernels_for(TicTacToe(), False) is None


def test_a_game_without_compiled_rules_is_searched_in_python_or_refused() -> None:
    assert kernels_for(Heap(), None) is None
    with pytest.raises(ValueError, match=r"heap has no compiled rules here; install Numba \(the extra 'fast'\)"):
        kernels_for(Heap(), True)
