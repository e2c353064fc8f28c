from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")
import numba

from marl.envs.games.kernels.tic_tac_toe import KERNELS
from marl.games.search.compiled.pointers import MOVER, PLAY, STATE, pointers_of


@numba.njit(numba.types.int64(PLAY, MOVER, STATE))  # type: ignore[untyped-decorator]
def moved(play: Any, mover: Any, state: Any) -> Any:
    play(state, 4)
    return mover(state)


def test_rules_are_called_through_their_addresses() -> None:
    rules, state = pointers_of(KERNELS), np.zeros(3, dtype=np.int64)
    assert moved(rules.play, rules.mover, state) == 1
    assert state.tolist() == [1 << 4, 0, 1]


def test_addresses_are_looked_up_once() -> None:
    rules = pointers_of(KERNELS)
    assert pointers_of(KERNELS) is rules
    addresses = [rule.__wrapper_address__() for rule in rules]
    assert len(set(addresses)) == 5
    assert addresses == [rule.__wrapper_address__() for rule in rules]
