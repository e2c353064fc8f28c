"""Addresses of compiled rules as numbers, for kernels that are called many times.

A `marl.games.search.compiled.pointers.Pointer` costs Numba tens of microseconds a call, as it looks at the type and
the address again; a number costs nothing, and becomes a function inside the kernel.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from numba import njit, types
from numba.core import cgutils
from numba.core.types import FunctionType
from numba.extending import intrinsic

from marl.core.kernels import Kernels
from marl.games.search.compiled.pointers import LEGAL, MOVER, PLAY, ROLLOUT, STATE, VALUE, Pointer

__all__ = [
    "RULES",
    "Addresses",
    "addresses_of",
    "legal_at",
    "mover_at",
    "observe_at",
    "phase_at",
    "play_at",
    "rollout_at",
    "value_at",
]

OBSERVE = FunctionType(types.void(STATE, types.int64, types.Array(types.int8, 1, "C")))
PHASE = FunctionType(types.int64(STATE))


class Addresses(NamedTuple):
    """Addresses of a game's rules; see `marl.core.kernels.Kernels`. That of no rule is 0."""

    legal: int
    play: int
    value: int
    mover: int
    rollout: int
    observe: int
    phase: int


RULES = types.NamedUniTuple(types.int64, len(Addresses._fields), Addresses)
"""Type of the addresses."""


@njit(types.int64(STATE), cache=True)
def _only_phase(state: Any) -> Any:
    """Phase of a game that has one."""
    return 0


@cache
def addresses_of(kernels: Kernels) -> Addresses:
    """Addresses of the rules of a game."""
    rules = (kernels.legal, kernels.play, kernels.value, kernels.mover, kernels.rollout, kernels.observe)
    phase = _only_phase if kernels.phase is None else kernels.phase
    return Addresses(*(0 if rule is None else Pointer(rule).__wrapper_address__() for rule in (*rules, phase)))


def _function_at(kind: FunctionType) -> Any:
    """Conversion of an address to a function of some type, for use in kernels."""

    @intrinsic
    def convert(context: Any, address: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            # Numba's own form of a first-class function, with the address of its C wrapper alone
            function = cgutils.create_struct_proxy(kind)(context, builder)
            function.c_addr = builder.inttoptr(arguments[0], cgutils.voidptr_t)
            return function._getvalue()

        return kind(types.int64), build

    return convert


legal_at, play_at, value_at = _function_at(LEGAL), _function_at(PLAY), _function_at(VALUE)
mover_at, rollout_at = _function_at(MOVER), _function_at(ROLLOUT)
observe_at, phase_at = _function_at(OBSERVE), _function_at(PHASE)
