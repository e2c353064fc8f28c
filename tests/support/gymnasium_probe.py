"""A Gymnasium environment whose spaces are told beforehand and which remembers the actions that it got."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium
import numpy as np
import torch
from gymnasium import spaces

from marl.tasks.gymnasium import GymnasiumEnvironment
from marl.tasks.gymnasium_config import CLASS

__all__ = ["Probe", "make", "push", "registered"]


class Probe(gymnasium.Env[Any, Any]):
    """Observes the step, counts down to its end, and remembers the action that it got.

    ``last`` is the step at which it terminates; spaces are as they are given.
    """

    metadata: dict[str, Any] = {"render_modes": []}
    taken: list[Any] = []

    def __init__(
        self, actions: spaces.Space[Any], observations: spaces.Space[Any] | None = None, last: int = 3
    ) -> None:
        self.action_space, self.last = actions, last
        self.observation_space = spaces.Box(-9, 9, (2,)) if observations is None else observations

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.clock = 0
        return self._observe(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.taken.append(action)
        self.clock += 1
        return self._observe(), 1.0, self.clock == self.last, False, {}

    def _observe(self) -> Any:
        if isinstance(self.observation_space, spaces.Box):
            return np.full(self.observation_space.shape, self.clock, dtype=self.observation_space.dtype)
        return self.observation_space.start + self.clock if isinstance(self.observation_space, spaces.Discrete) else 0


@contextmanager
def registered() -> Iterator[None]:
    """`Probe` as Probe-v0, with nothing remembered."""
    gymnasium.register("Probe-v0", Probe)
    Probe.taken.clear()
    yield
    del gymnasium.registry["Probe-v0"]


def make(name: str = "Probe-v0", copies: int = 1, limit: int | None = None, **arguments: Any) -> GymnasiumEnvironment:
    if name == "Probe-v0":
        arguments.setdefault("actions", spaces.Discrete(2))
    return GymnasiumEnvironment(name, copies, arguments, limit)


def push(environment: GymnasiumEnvironment, *values: Any) -> Any:
    """Step with one action for each copy."""
    return environment.step({CLASS: torch.tensor(values)[:, None]})
