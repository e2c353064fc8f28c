"""Schedule of sequential halving."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["considered_visits"]


def considered_visits(considered: int, simulations: int) -> NDArray[np.int32]:
    r"""Visits that an action must have had to be searched next, for each simulation.

    With :math:`m` actions and :math:`n` simulations each of :math:`\lceil \log_2 m \rceil` rounds searches those that
    are left equally often, as nearly as :math:`n` allows, and leaves the better half. Reference: Karnin et al., "Almost
    Optimal Exploration in Multi-Armed Bandits", 2013, as in mctx's ``seq_halving.py``.

    Args:
        considered: largest number of actions :math:`m`.
        simulations: :math:`n`.

    Returns:
        ``[m + 1, n]``, a row for each number of considered actions; that of none stands for one.
    """
    return np.array([_row(number, simulations) for number in range(considered + 1)], dtype=np.int32)


def _row(considered: int, simulations: int) -> list[int]:
    if considered <= 1:
        return list(range(simulations))
    due: list[int] = []
    rounds, left, each = (considered - 1).bit_length(), considered, 0
    while len(due) < simulations:
        times = max(1, simulations // (rounds * left))
        for visits in range(each, each + times):
            due += left * [visits]
        each, left = each + times, max(2, left // 2)
    return due[:simulations]
