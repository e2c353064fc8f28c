"""Environments whose agents observe two pictures that differ in size and data type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import register
from pettingzoo import ParallelEnv

BOTH = spaces.Dict(far=spaces.Box(-1, 1, (4, 5, 2), np.int8), near=spaces.Box(0, 255, (3, 3, 1), np.uint8))
ACTIONS = spaces.Discrete(4)


def pictures(far: int, near: int) -> dict[str, Any]:
    """Two pictures, each of which shows a bit everywhere."""
    return {"far": np.full((4, 5, 2), far, np.int8), "near": np.full((3, 3, 1), 255 * near, np.uint8)}


class Lone(gymnasium.Env[Any, Any]):
    """Five situations; the action 2 far + near pays 1."""

    observation_space, action_space = BOTH, ACTIONS

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.steps = 0
        return self._seen(), {}

    def step(self, action: Any) -> Any:
        paid, self.steps = float(action == self.right), self.steps + 1
        return self._seen(), paid, self.steps == 5, False, {}

    def _seen(self) -> dict[str, Any]:
        far, near = (int(bit) for bit in self.np_random.integers(2, size=2))
        self.right = 2 * far + near
        return pictures(far, near)


class Pair(ParallelEnv):
    """Two agents for five steps: `x` sees its far picture at even times, `y` at odd ones, both the near one from 2 on.

    Args:
        dies: step at which an agent is terminated, by name.
    """

    metadata = {"name": "pair", "render_modes": []}
    possible_agents = ["x", "y"]

    def __init__(self, dies: Mapping[str, int] | None = None) -> None:
        self.dies, self.agents = dies or {}, []
        self.render_mode = None

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        return BOTH

    def action_space(self, agent: str) -> spaces.Space[Any]:
        return ACTIONS

    def reset(self, seed: int | None = None, options: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        self.time, self.agents = 0, list(self.possible_agents)
        return self._told(), {}

    def step(self, actions: Mapping[str, Any]) -> Any:
        self.time, were = self.time + 1, self.agents
        seen, died = self._told(), {name: self.dies.get(name) == self.time for name in were}
        cut = dict.fromkeys(were, self.time == 5)
        self.agents = [name for name in were if not (died[name] or cut[name])]
        return seen, {name: float(actions[name] == 0) for name in were}, died, cut, {}

    def _told(self) -> dict[str, Any]:
        even = self.time % 2 == 0
        return {name: pictures(int(even == (name == "x")), int(self.time >= 2)) for name in self.agents}


def pair(**arguments: Any) -> Pair:
    """Make one, as a module's function."""
    return Pair(**arguments)


register("Lone-v0", Lone)
