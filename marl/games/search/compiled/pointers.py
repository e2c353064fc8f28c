"""Addresses of compiled rules, and their types as arguments of a compiled search."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from numba import types
from numba.core.types import FunctionType

from marl.core.kernels import Kernels

__all__ = ["LEGAL", "MOVER", "PLAY", "RETURNS", "ROLLOUT", "STATE", "VALUE", "Pointers", "pointers_of"]

STATE = types.Array(types.int64, 1, "C")
RETURNS = types.Array(types.float64, 1, "C")
LEGAL = FunctionType(types.int64(STATE, STATE))
PLAY = FunctionType(types.void(STATE, types.int64))
VALUE = FunctionType(types.boolean(STATE, RETURNS))
MOVER = FunctionType(types.int64(STATE))
ROLLOUT = FunctionType(types.void(STATE, RETURNS))


class Pointer(types.WrapperAddressProtocol):
    """Address of a compiled function, looked up once.

    Given a function itself, Numba looks up its address at every call, which takes longer than a short search.

    Args:
        function: compiled for one signature.
    """

    def __init__(self, function: Any) -> None:
        self.function = function  # kept alive as long as its address is used
        (self._signature,) = function.nopython_signatures
        compiled = function.get_compile_result(self._signature)
        # calls through a pointer follow the C convention, so this is the address of the C wrapper
        self._address = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_cfunc_wrapper_name)

    def __wrapper_address__(self) -> int:
        """Address, as Numba's protocol asks for it at each call."""
        return int(self._address)

    def signature(self) -> Any:
        """Type of the function, as Numba's protocol for addresses asks for it."""
        return self._signature


class Pointers(NamedTuple):
    """Addresses of a game's rules, as compiled searches take them; see `Kernels`."""

    legal: Pointer
    play: Pointer
    value: Pointer
    mover: Pointer
    rollout: Pointer


@cache
def pointers_of(kernels: Kernels) -> Pointers:
    """Addresses of the rules of a game."""
    rules = (kernels.legal, kernels.play, kernels.value, kernels.mover, kernels.rollout)
    return Pointers(*(Pointer(function) for function in rules))
