"""Base of the wrappers that change the observations of predators."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import Space, spaces
from pettingzoo.utils.env import ParallelEnv
from pettingzoo.utils.wrappers import BaseParallelWrapper
from torch import Tensor

from marl.wrappers.mpe2_world import read_world
from marl.wrappers.rules.world import World

__all__ = ["PredatorObservation", "as_float32", "unbounded"]


class PredatorObservation(BaseParallelWrapper[str, Any, Any], ABC):
    """Wrapper that replaces the observation of each predator.

    A subclass overrides `_observe`. Prey keep their own observation, if they are agents.

    Args:
        env: mpe2's simple_tag, wrapped or not.
        observation_spaces: the new space of each predator.
    """

    def __init__(self, env: ParallelEnv[str, Any, Any], observation_spaces: Mapping[str, Space[Any]]) -> None:
        super().__init__(env)
        self._observation_spaces = dict(observation_spaces)

    def observation_space(self, agent: str) -> Space[Any]:
        """The new space of a predator; the space of the wrapped environment for others."""
        if agent in self._observation_spaces:
            return self._observation_spaces[agent]
        return self.env.observation_space(agent)

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict[str, Any], Any]:
        """Begin an episode; see PettingZoo's ``ParallelEnv``."""
        observations, infos = self.env.reset(seed=seed, options=options)
        return self._replace(observations), infos

    def step(self, actions: dict[str, Any]) -> tuple[dict[str, Any], Any, Any, Any, Any]:
        """Advance by one step; see PettingZoo's ``ParallelEnv``."""
        observations, rewards, terminations, truncations, infos = self.env.step(actions)
        return self._replace(observations), rewards, terminations, truncations, infos

    @abstractmethod
    def _observe(self, world: World, observations: dict[str, Any]) -> dict[str, Any]:
        """The new observation of each predator, from the world and the old observations."""

    def _replace(self, observations: dict[str, Any]) -> dict[str, Any]:
        return {**observations, **self._observe(read_world(self.env), observations)}


def unbounded(*shape: int) -> spaces.Box:
    """The space of all float32 arrays of a shape."""
    return spaces.Box(-np.inf, np.inf, shape, np.float32)


def as_float32(tensor: Tensor) -> np.ndarray[Any, np.dtype[np.float32]]:
    """A copy of a tensor as a NumPy array."""
    return tensor.numpy().astype(np.float32)
