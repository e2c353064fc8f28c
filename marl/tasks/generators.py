"""Python's and NumPy's global generators, of which each copy of an environment has its own."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from marl.core.seeding import lent_generators

__all__ = ["Draws", "OwnGenerators"]

T = TypeVar("T")

LOOKS = 128
"""Calls in which copies are watched for draws."""


@dataclass
class Draws:
    """Knowledge about the copies of an environment in one process: whether they draw from `random` or `np.random`.

    To give each its own costs ten times as much as a step of CartPole, and few draw from them. So those that did not in
    their first calls are left alone; draws that begin later come from what all copies of a process share.
    """

    seen: bool = False
    looks: int = LOOKS
    unlikely: bool = False
    """True when nothing was seen in all looks."""

    def look(self, drawn: bool) -> None:
        """Take note of a call."""
        self.looks, self.seen = self.looks - 1, drawn
        self.unlikely = not drawn and self.looks <= 0


class OwnGenerators:
    """Call one copy with `random` and `np.random` as it left them; everybody else finds them as they were.

    A normal that NumPy drew in advance, as it draws them in pairs, is dropped between two calls of the copy.

    Args:
        draws: shared by the copies of an environment in this process.
    """

    def __init__(self, draws: Draws) -> None:
        self._draws, self._seed = draws, 0
        self._python: Any = None
        self._undrawn: tuple[Any, ...] = ()
        self._numpy = np.random.MT19937()

    def seed(self, seed: int) -> None:
        """Seed both before the next call."""
        self._seed, self._python = seed, None

    def __call__(self, call: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """Call, and return what it returns."""
        if self._draws.unlikely:
            return call(*arguments, **named)
        with lent_generators(self._numpy):
            if self._python is None:
                random.seed(self._seed)
                np.random.seed(self._seed)
                if not self._draws.seen:
                    self._undrawn = self._words(random.getstate())
            else:
                random.setstate(self._python)
            try:
                return call(*arguments, **named)
            finally:
                self._python = random.getstate()
                if not self._draws.seen:
                    self._draws.look(self._words(self._python) != self._undrawn)

    def _words(self, python: Any) -> tuple[Any, ...]:
        state: Any = self._numpy.state["state"]
        return python, state["key"].tobytes(), state["pos"]
