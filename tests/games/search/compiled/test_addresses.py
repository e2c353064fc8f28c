from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")
import numba

from marl.envs.games.kernels import quarto, tic_tac_toe
from marl.games.search.compiled.addresses import RULES, addresses_of, mover_at, phase_at, play_at


@numba.njit(numba.types.UniTuple(numba.types.int64, 2)(RULES, numba.types.int64[::1]))  # type: ignore[untyped-decorator]
def played(rules: Any, state: Any) -> Any:
    play_at(rules.play)(state, 4)
    return mover_at(rules.mover)(state), phase_at(rules.phase)(state)


def test_rules_are_called_by_their_addresses() -> None:
    state = np.zeros(3, dtype=np.int64)
    assert played(addresses_of(tic_tac_toe.KERNELS), state) == (1, 0)
    assert state.tolist() == [1 << 4, 0, 1]
    piece = np.array([0, 0, 0, 0, 0, 0, -1, 0])
    assert played(addresses_of(quarto.KERNELS), piece) == (1, 1)


def test_addresses_are_looked_up_once_and_zero_without_a_rule() -> None:
    rules = addresses_of(quarto.KERNELS)
    assert addresses_of(quarto.KERNELS) is rules
    assert len(set(rules)) == 7
    assert addresses_of(replace(quarto.KERNELS, observe=None)).observe == 0
