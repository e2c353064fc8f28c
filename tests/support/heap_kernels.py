"""Rules of a heap as a module that needs Numba offers them; nobody plays by them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marl.core.kernels import Kernels

__all__ = ["KERNELS"]


def encode(position: Any) -> NDArray[np.int64]:
    """The size of the heap."""
    return np.array([position.left])


KERNELS = Kernels(legal=None, play=None, value=None, mover=None, encode=encode, most_legal=2, rollout=None)
