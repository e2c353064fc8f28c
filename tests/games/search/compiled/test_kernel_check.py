"""Compiled rules that are not those of their game are refused by name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from marl.envs.games.tic_tac_toe import TicTacToe

pytest.importorskip("numba")
from marl.core.errors import ConfigError
from marl.core.kernels import Kernels
from marl.envs.games.kernels.tic_tac_toe import KERNELS, rollout
from marl.games.search.compiled.kernel_check import check_kernels
from marl.games.search.uct import UCT


def two_more(state: Any, action: int) -> None:
    KERNELS.play(state, action)
    KERNELS.play(state, (action + 1) % 9)


def turned(state: Any, out: Any) -> bool:
    over = bool(KERNELS.value(state, out))
    out[:] = -out
    return over


def falling(state: Any, out: Any) -> int:
    count = int(KERNELS.legal(state, out))
    out[:count] = out[:count][::-1].copy()
    return count


def twice(state: Any, out: Any) -> None:
    np.random.default_rng().random()
    rollout(state.copy(), out)
    rollout(state, out)


def swapped(state: Any, seat: int, out: Any) -> None:
    KERNELS.observe(state, 1 - seat, out)


def half(state: Any, seat: int, out: Any) -> None:
    seen = np.zeros(18, dtype=np.int8)
    KERNELS.observe(state, seat, seen)
    out[:9] = seen[:9]


WRONG: dict[str, dict[str, Any]] = {
    "observe": {"observe": swapped},
    r"observe \(seat 0\)": {"observe": half},
    "phase": {"phase": lambda state: 1},
    "play": {"play": two_more},
    "value": {"value": turned},
    "legal": {"legal": falling},
    "mover": {"mover": lambda state: 1 - KERNELS.mover(state)},
    "rollout": {"rollout": twice},
    "most_legal": {"most_legal": 8},
}


class Misere(TicTacToe):
    """A line loses for who completes it; it inherits compiled rules that say otherwise."""

    name = "misere"

    def play(self, action: int) -> Misere:
        return Misere(super().play(action).cells)

    @property
    def returns(self) -> tuple[float, ...]:
        won, lost = super().returns
        return lost, won


def test_rules_are_held_against_every_game_that_names_them() -> None:
    UCT(simulations=10).search(TicTacToe())
    with pytest.raises(ConfigError, match="misere: the compiled rules disagree"):
        UCT(simulations=10).search(Misere())


def test_rules_that_fail_are_named() -> None:
    def fails(state: Any) -> int:
        raise IndexError("there is no seat 7")

    with pytest.raises(ConfigError, match="tic_tac_toe: its compiled rules fail: IndexError: there is no seat 7"):
        check_kernels(TicTacToe(), replace(KERNELS, mover=fails), seed=1)


@pytest.mark.parametrize("rule", WRONG)
def test_a_rule_that_disagrees_is_named(rule: str) -> None:
    for seed in range(4):
        check_kernels(TicTacToe(), KERNELS, seed)
    wrong = replace(KERNELS, **WRONG[rule])
    with pytest.raises(ValueError, match=rf"tic_tac_toe: the compiled rules disagree with the game after .*: {rule} "):
        check_kernels(TicTacToe(), wrong, seed=1)


def test_a_search_asks_before_it_begins() -> None:
    @dataclass(frozen=True)
    class Mistaken(TicTacToe):
        name = "mistaken"

        @classmethod
        def kernels(cls) -> Kernels | None:
            return replace(KERNELS, mover=lambda state: 1 - KERNELS.mover(state))

    with pytest.raises(ValueError, match=r"mistaken: .* after no action: mover gives 1 instead of 0"):
        UCT(10).search(Mistaken())
    assert UCT(10, compiled=False).search(Mistaken()).simulations == 10
