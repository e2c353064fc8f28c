"""Addresses of compiled rules."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from numba import types

from marl.core.kernels import Kernels

__all__ = ["Pointers", "pointers_of"]


class Pointer(types.WrapperAddressProtocol):
    """The address of a compiled function, looked up once.

    Numba looks up that of a function that it is given at every call, which takes longer than a short search.

    Args:
        function: compiled for one signature.
    """

    def __init__(self, function: Any) -> None:
        self.function = function  # which must live as long as its address is used
        (self._signature,) = function.nopython_signatures
        compiled = function.get_compile_result(self._signature)
        self._address = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_cfunc_wrapper_name)

    def __wrapper_address__(self) -> int:
        return int(self._address)

    def signature(self) -> Any:
        """Of the function."""
        return self._signature


class Pointers(NamedTuple):
    """The rules of a game, see `Kernels`, as compiled searches take them."""

    legal: Pointer
    play: Pointer
    value: Pointer
    mover: Pointer
    rollout: Pointer


@cache
def pointers_of(kernels: Kernels) -> Pointers:
    """The addresses of the rules of a game."""
    rules = (kernels.legal, kernels.play, kernels.value, kernels.mover, kernels.rollout)
    return Pointers(*(Pointer(function) for function in rules))
