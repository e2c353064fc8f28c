"""A PettingZoo environment whose number of agents is an argument, on which what they see may depend or not."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo.utils.env import ParallelEnv

__all__ = ["Line"]


class Line(ParallelEnv):
    """Walkers of a line, each of which sees its own place: a step to the right earns 2, one to the left 1.

    Args:
        walkers: number of agents.
        steps: length of an episode.
        crowded: True to let each see the places of all.
        toll: taken from the reward of each step.
    """

    metadata = {"name": "line", "render_modes": []}

    def __init__(self, walkers: int = 3, steps: int = 4, crowded: bool = False, toll: float = 0.0) -> None:
        self.possible_agents = [f"walker_{number}" for number in range(walkers)]
        self.steps, self.crowded, self.toll = steps, crowded, toll
        self.agents: list[str] = []

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        return spaces.Box(-99, 99, (len(self.possible_agents) if self.crowded else 1,), np.float32)

    def action_space(self, agent: str) -> spaces.Space[Any]:
        return spaces.Discrete(2)

    def reset(self, seed: int | None = None, options: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        self.time, self.agents = 0, list(self.possible_agents)
        self.places = np.zeros(len(self.agents), np.float32)
        return self._seen(), {agent: {} for agent in self.agents}

    def step(self, actions: dict[str, Any]) -> tuple[Any, ...]:
        was, moves = self.agents, np.array([actions[agent] for agent in self.agents])
        self.places, self.time = self.places + np.float32(2) * moves.astype(np.float32) - 1, self.time + 1
        rewards = dict(zip(was, (1.0 + moves - self.toll).tolist(), strict=True))
        over, seen = self.time == self.steps, self._seen()
        self.agents = [] if over else was
        return seen, rewards, dict.fromkeys(was, False), dict.fromkeys(was, over), {agent: {} for agent in was}

    def _seen(self) -> dict[str, NDArray[np.float32]]:
        own = self.places if self.crowded else self.places[:, None]
        return dict(zip(self.agents, [own] * len(self.agents) if self.crowded else own, strict=True))
