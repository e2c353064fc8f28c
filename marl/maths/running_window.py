"""Mean and extremes of the latest values of a series, at a cost that does not grow with their number."""

from __future__ import annotations

import math
from collections import deque

__all__ = ["RunningWindow"]

PLACES = 1074
"""Every finite float is a whole number of parts ``2 ** -PLACES``, the smallest float above 0."""


class RunningWindow:
    """The latest values of a series.

    Their sum is kept as a whole number of parts, so that nothing is rounded as values come and go, and the mean has
    the bits of ``math.fsum(values) / len(values)``. Of the extremes' candidates, those that a younger one outdoes go.
    Reference: Lemire, "Streaming maximum-minimum filter using no more than three comparisons per element",
    https://arxiv.org/abs/cs/0610046.

    Args:
        size: number of values that count.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._values: deque[float] = deque()
        self._lows: deque[float] = deque()  # ascending, the minimum first
        self._highs: deque[float] = deque()
        self._parts = 0
        self._not_finite = 0  # how many have no parts

    def __len__(self) -> int:
        return len(self._values)

    def add(self, value: float) -> None:
        """Take a value in; the oldest beyond ``size`` drops out."""
        self._values.append(value)
        self._count(value, 1)
        while self._lows and self._lows[-1] > value:
            self._lows.pop()
        while self._highs and self._highs[-1] < value:
            self._highs.pop()
        if not math.isnan(value):
            self._lows.append(value)
            self._highs.append(value)
        if len(self._values) > self.size:
            self._drop(self._values.popleft())

    @property
    def minimum(self) -> float:
        """Least of the values; NaN if there are none."""
        return self._lows[0] if self._lows else math.nan

    @property
    def maximum(self) -> float:
        """Greatest of the values; NaN if there are none."""
        return self._highs[0] if self._highs else math.nan

    @property
    def mean(self) -> float:
        """Mean of the values; NaN if there are none."""
        if not self._values:
            return math.nan
        # the division of whole numbers rounds once, as fsum does
        total = sum(self._values) if self._not_finite else self._parts / (1 << PLACES)
        return total / len(self._values)

    def _drop(self, oldest: float) -> None:
        self._count(oldest, -1)
        for extremes in (self._lows, self._highs):
            if extremes and extremes[0] == oldest:
                extremes.popleft()

    def _count(self, value: float, sign: int) -> None:
        if math.isfinite(value):
            numerator, denominator = value.as_integer_ratio()
            self._parts += sign * numerator << PLACES + 1 - denominator.bit_length()
        else:
            self._not_finite += sign
