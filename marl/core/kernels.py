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

from marl.core.errors import Note

__all__ = ["Kernels", "compiled_rules"]


@dataclass(frozen=True)
class Kernels:
    """Rules of a game on a small array of int64, compiled by Numba; all take the array ``[D]`` first.

    Args:
        legal: ``(state, out) -> n``: write the ``n`` legal actions of an unfinished game in rising order.
        play: ``(state, action)``: change the state in place.
        value: ``(state, out) -> over``: write the returns ``[P]`` of all seats if the game is finished.
        mover: ``(state) -> seat``.
        encode: ``(game) -> state``.
        most_legal: the largest number of legal actions in any position.
        rollout: ``(state, out)``: play an unfinished game to its end at random and write the returns of all seats; the
            state may become anything. Draws as `Game.rollout` does, with Numba's ``np.random.random()``.
        observe: ``(state, seat, out)``: write what a seat observes, flattened, into an array of int8; None if nobody
            learns the game by these rules.
        phase: ``(state) -> phase``; None for a game of one phase.
    """

    legal: Any
    play: Any
    value: Any
    mover: Any
    encode: Callable[[Any], NDArray[np.int64]]
    most_legal: int
    rollout: Any
    observe: Any = None
    phase: Any = None


@cache
def compiled_rules(module: str) -> Kernels | None:
    """Load the ``KERNELS`` of a module that needs Numba; None without Numba.

    None, too, with a warning, if Numba cannot be used: its compiler is switched off, it does not support the installed
    NumPy, or it has no folder for its cache.

    Args:
        module: full name of the module.
    """
    why: object
    try:
        import numba

        if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
            why = "NUMBA_DISABLE_JIT is set"
        else:
            _note_compilation()
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


@cache
def _note_compilation() -> None:
    """From now on note the first compilation of this process, during which a user waits for seconds."""
    from numba.core import event

    class Listener(event.Listener):
        noted = False

        def on_start(self, _: object) -> None:
            if not self.noted:
                Listener.noted = True
                told = "compiling a game's rules and search; this takes some seconds, once on a machine"
                warnings.warn(told, Note, stacklevel=2)

        def on_end(self, _: object) -> None: ...

    event.register("numba:compile", Listener())
