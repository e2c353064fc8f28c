"""A game of rules alone: nothing in it is made to be shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marl.core.game import as_action, check_legal, play_out


@dataclass(frozen=True)
class Heap:
    """Two take one or two in turn; who takes the last wins. A `marl.core.game.Game` and no `GameView`.

    Whoever is to move at a multiple of three has lost: the other leaves the next smaller one.
    """

    left: int = 4
    mover: int = 0

    name = "heap"
    num_players = 2
    num_actions = 2
    observation_shape = (1,)

    @property
    def over(self) -> bool:
        return self.left == 0

    @property
    def legal(self) -> tuple[int, ...]:
        return tuple(range(min(self.left, 2)))

    @property
    def returns(self) -> tuple[float, ...]:
        if not self.over:
            return (0.0, 0.0)
        return (-1.0, 1.0) if self.mover == 0 else (1.0, -1.0)

    def play(self, action: int) -> Heap:
        action = as_action(self, action)
        check_legal(self, action, None if action in self.legal else "there is but one left")
        return Heap(self.left - action - 1, 1 - self.mover)

    def rollout(self, draw: Callable[[], float]) -> tuple[float, ...]:
        return play_out(self, draw)

    @classmethod
    def kernels(cls) -> None:
        return None

    def observe(self, seat: int) -> NDArray[np.int8]:
        return np.array([self.left % 2], dtype=np.int8)
