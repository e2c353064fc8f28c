"""A Gymnasium environment of which one copy fails in its own way, and its process with it or not."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from marl.core.seeding import episode_seed

__all__ = ["NAME", "Failing", "registered"]

NAME = "Failing-v0"
FATAL = {1, 3, episode_seed(0, 1), episode_seed(1, 1), episode_seed(10_002, 0)}
"""Odd seeds, the second copies of seeds 0 and 1, and the first in the evaluations of a training with seed 2."""


class Failing(gymnasium.Env[Any, Any]):
    """Episodes of 5 steps; the copy whose first seed is in `FATAL` fails in its ``last`` step.

    Args:
        how: ``"raise"``, ``"exit"``, ``"shape"`` (of an observation), ``"die"``, ``"kill"`` or ``"hang"``.
        last: step in which it fails, counted over its episodes.
    """

    metadata: dict[str, Any] = {"render_modes": []}

    def __init__(self, how: str, last: int = 7) -> None:
        self.how, self.last, self.left, self.begun = how, last, 0, False
        self.observation_space, self.action_space = spaces.Box(-9, 9, (2,)), spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.clock = 0
        if not self.begun:
            self.begun, self.left = True, self.last if seed in FATAL else -1
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.clock += 1
        self.left -= 1
        seen = self.fail() if self.left == 0 else np.zeros(2, np.float32)
        return seen, 1.0, self.clock == 5, False, {}

    def fail(self) -> Any:
        """Fail."""
        if self.how == "raise":
            raise ZeroDivisionError("100 % wrong")
        if self.how == "exit":
            sys.exit(0)
        if self.how == "die":
            os._exit(0)
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "hang":
            time.sleep(60)
        return np.zeros((3, 3), np.float32)


@contextmanager
def registered() -> Iterator[None]:
    """Register it in a block."""
    gymnasium.register(NAME, Failing, max_episode_steps=100)
    try:
        yield
    finally:
        del gymnasium.registry[NAME]
