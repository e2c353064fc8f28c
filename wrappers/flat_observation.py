"""Observations as vectors of one width, as SuperSuit's vector environments and Stable-Baselines3 take them."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.spaces.utils import flatdim, flatten
from pettingzoo.utils.env import ParallelEnv
from pettingzoo.utils.wrappers import BaseParallelWrapper

__all__ = ["FlatObservation"]


class FlatObservation(BaseParallelWrapper[str, Any, Any]):
    """Wrapper that flattens each agent's observation to a vector, the communication graph included.

    Parts stand as ``gymnasium.spaces.flatten`` orders them, those of a Dict by their keys; shorter vectors have zeros
    at their end, so that all agents' are of one width. The infos of a reset are empty, as SuperSuit overwrites those of
    a last step with them.

    Args:
        env: any ``ParallelEnv``.

    Raises:
        ValueError: for an observation space that has no fixed width.

    Examples:
        Class A sees 8 numbers and class B 10; beside them stand 2 of the graph and the 4 that a message carries.

        >>> from mpe2 import simple_tag_v3
        >>> from marl.wrappers import AdversaryClass, CommunicationGraph, FlatObservation, ScriptedPrey
        >>> env = ScriptedPrey(simple_tag_v3.parallel_env(num_good=1, num_adversaries=2, num_obstacles=1))
        >>> env = FlatObservation(CommunicationGraph(AdversaryClass(env, team={"A": 1, "B": 1})))
        >>> observations, infos = env.reset(seed=0)
        >>> {agent: vector.shape for agent, vector in observations.items()}
        {'adversary_0': (16,), 'adversary_1': (16,)}
    """

    def __init__(self, env: ParallelEnv[str, Any, Any]) -> None:
        super().__init__(env)
        try:
            width = max(flatdim(env.observation_space(agent)) for agent in env.possible_agents)
        except (NotImplementedError, ValueError) as error:
            raise ValueError(f"observations of no fixed width cannot be flattened: {error}") from error
        self._flat = spaces.Box(-np.inf, np.inf, (width,), np.float32)

    def observation_space(self, agent: str) -> spaces.Box:
        return self._flat

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict[str, Any], Any]:
        observations, _ = self.env.reset(seed=seed, options=options)
        return self._vectors(observations), {agent: {} for agent in observations}

    def step(self, actions: dict[str, Any]) -> tuple[dict[str, Any], Any, Any, Any, Any]:
        observations, *rest = self.env.step(actions)
        return self._vectors(observations), *rest

    def _vectors(self, observations: dict[str, Any]) -> dict[str, Any]:
        vectors = {}
        for agent, observation in observations.items():
            parts: Any = flatten(self.env.observation_space(agent), observation)
            vectors[agent] = np.zeros(self._flat.shape, np.float32)
            vectors[agent][: len(parts)] = parts
        return vectors
