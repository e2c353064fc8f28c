"""A PettingZoo environment in which one class acts discretely and another continuously."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo.utils.env import ParallelEnv

__all__ = ["Mixed"]

CYCLES = 8


class Mixed(ParallelEnv):
    """Everybody sees a number between -1 and 1. A caller gets 1 for naming its sign; a pusher loses the distance of its
    action, between -2 and 2, from minus the number."""

    metadata = {"name": "mixed", "render_modes": []}
    render_mode = None
    possible_agents = ["caller_0", "pusher_0", "pusher_1"]

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        return spaces.Box(-1, 1, (1,), np.float32)

    def action_space(self, agent: str) -> spaces.Space[Any]:
        return spaces.Discrete(2) if agent.startswith("caller") else spaces.Box(-2, 2, (1,), np.float32)

    def reset(self, seed: int | None = None, options: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        if seed is not None:
            self.generator = np.random.default_rng(seed)
        self.agents, self.time = list(self.possible_agents), 0
        return self._shown(), {agent: {} for agent in self.agents}

    def step(self, actions: dict[str, Any]) -> tuple[Any, ...]:
        rewards = {agent: self._paid(agent, action) for agent, action in actions.items()}
        self.time += 1
        seen, cut = self._shown(), self.time == CYCLES
        never, infos = dict.fromkeys(rewards, False), {agent: {} for agent in rewards}
        if cut:
            self.agents = []
        return seen, rewards, never, dict.fromkeys(rewards, cut), infos

    def _shown(self) -> dict[str, Any]:
        self.number = {agent: self.generator.uniform(-1, 1, 1).astype(np.float32) for agent in self.agents}
        return dict(self.number)

    def _paid(self, agent: str, action: Any) -> float:
        number = float(self.number[agent][0])
        return float(action == (number > 0)) if agent.startswith("caller") else -abs(float(action[0]) + number)
