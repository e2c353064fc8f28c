"""Compiled rules of a game."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Kernels", "compiled_rules"]


@dataclass(frozen=True)
class Kernels:
    """The rules of a game on a small array of int64, compiled by Numba; all take the array first.

    Args:
        legal: ``(state, out) -> n``: writes the legal actions of an unfinished game in rising order.
        play: ``(state, action)``: changes the state.
        value: ``(state, out) -> over``: writes the returns of all seats if the game is finished.
        mover: ``(state) -> seat``.
        encode: from a position to its state.
        most_legal: the largest number of legal actions in any position.
        rollout: ``(state, out)``: plays an unfinished game on at random and writes the returns of all seats; the state
            may become anything. Draws as `Game.rollout` does, with Numba's ``np.random.random()``.
    """

    legal: Any
    play: Any
    value: Any
    mover: Any
    encode: Callable[[Any], NDArray[np.int64]]
    most_legal: int
    rollout: Any


@cache
def compiled_rules(module: str) -> Kernels | None:
    """The ``KERNELS`` of a module that needs Numba; None without Numba.

    None, too, with a warning, if Numba cannot be used: its compiler is switched off, it does not take the NumPy that is
    installed, or has no folder to keep what it compiled.

    Args:
        module: its full name.
    """
    why: object
    try:
        import numba

        if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
            why = "NUMBA_DISABLE_JIT is set"
        else:
            found: Kernels = import_module(module).KERNELS
            return found
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        return None
    except ImportError as error:
        why = error
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        why = f"{error}; set NUMBA_CACHE_DIR to a folder that can be written"
    warnings.warn(f"Numba cannot be used, so games are searched in Python, more slowly: {why}", stacklevel=3)
    return None
