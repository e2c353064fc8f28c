"""Numba signatures of the compiled rules; see `marl.core.kernels.Kernels`."""

from __future__ import annotations

from numba import types

__all__ = ["LEGAL", "MOVER", "OBSERVE", "PHASE", "PLAY", "ROLLOUT", "STATE", "VALUE"]

# Given beforehand, so that rules are compiled when they are imported and can be called through pointers.
STATE = types.Array(types.int64, 1, "C")
RETURNS = types.Array(types.float64, 1, "C")
LEGAL = types.int64(STATE, STATE)
PLAY = types.void(STATE, types.int64)
VALUE = types.boolean(STATE, RETURNS)
MOVER = types.int64(STATE)
ROLLOUT = types.void(STATE, RETURNS)
OBSERVE = types.void(STATE, types.int64, types.Array(types.int8, 1, "C"))
PHASE = types.int64(STATE)
