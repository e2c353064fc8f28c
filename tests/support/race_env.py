"""A small PettingZoo environment, its mask in the infos and its actions counted from 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo import AECEnv


class Race(AECEnv):
    """Two agents add 1 or 2 to a sum; who brings it to 6 wins 3. The mask is in the info, actions count from 1.

    At 5, only 1 may be added. A lucky race adds a drawn bit as well.
    """

    metadata = {"name": "race"}
    render_mode = None

    def __init__(self, lucky: bool = False) -> None:
        super().__init__()
        self.possible_agents = ["a", "b"]
        self.lucky, self.generator = lucky, np.random.default_rng(0)
        self.box = [0]

    def observation_space(self, agent: str) -> Any:
        return spaces.Box(0, 8, (1,), np.float32)

    def action_space(self, agent: str) -> Any:
        return spaces.Discrete(2, start=1)

    def observe(self, agent: str) -> Any:
        return np.array(self.box, dtype=np.float32)

    def reset(self, seed: int | None = None, options: Any = None) -> None:
        self.agents, self.agent_selection = ["a", "b"], "a"
        self.box[0] = 0
        self.rewards = {"a": 0.0, "b": 0.0}
        self._cumulative_rewards = {"a": 0.0, "b": 0.0}
        self.terminations, self.truncations = {"a": False, "b": False}, {"a": False, "b": False}
        self.infos: dict[str, Any] = {agent: {"action_mask": np.array([1, 1])} for agent in "ab"}

    def step(self, action: int | None) -> None:
        if self.terminations[self.agent_selection]:
            self._was_dead_step(action)
            return
        agent = self.agent_selection
        other = "b" if agent == "a" else "a"
        assert action in (1, 2)
        self._cumulative_rewards[agent] = 0.0
        self.box[0] += action + (int(self.generator.integers(2)) if self.lucky else 0)
        self.infos = {name: {"action_mask": np.array([1, int(self.box[0] < 5)])} for name in "ab"}
        if self.box[0] >= 6:
            self.rewards = {agent: 3.0, other: -3.0}
            self.terminations = {"a": True, "b": True}
        self._accumulate_rewards()
        self.agent_selection = other


def reset(env: Any, seed: int = 1) -> Any:
    env.reset(seed=seed)
    return env
