"""PettingZoo environments as those of MAgent2 and the Drone Swarm Search Environment: crowds, many deaths, Tuples."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo.utils.env import ParallelEnv

__all__ = ["Crowd", "Drones", "crowd", "image_of"]

SHAPE = (3, 4, 5)
"""Channels, height and width of an image."""


def image_of(number: int, time: int) -> Any:
    """Image ``[C, H, W]`` of an agent at a time: no two have a number in common."""
    return np.arange(60, dtype=np.float32).reshape(SHAPE) + 60 * (1 + number + 1_000 * time)


class Crowd(ParallelEnv):
    """Agents of two classes that get 1 at each step; agent ``n`` dies at step ``1 + n % 5``, so that all are dead at 5.

    Args:
        agents: their number; every other one is blue.
        layout: ``"last"`` or ``"first"``, axis of the channels; ``"double"``, which is last, in float64; ``"stack"`` of
            images of one channel.
    """

    metadata = {"name": "crowd", "render_modes": []}
    render_mode = None

    def __init__(self, agents: int = 20, layout: str = "last") -> None:
        self.possible_agents = [f"{('red', 'blue')[n % 2]}_{n}" for n in range(agents)]
        self.numbers = {name: n for n, name in enumerate(self.possible_agents)}
        self.layout = layout
        told = self._told(0, 0)
        self.space = spaces.Box(0, 1e6, told.shape, told.dtype.type)

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        return self.space

    def action_space(self, agent: str) -> spaces.Space[Any]:
        return spaces.Discrete(3)

    def _told(self, number: int, time: int) -> Any:
        image = image_of(number, time)
        if self.layout == "stack":
            return image[..., None]
        if self.layout == "first":
            return image
        return np.moveaxis(image, 0, -1).astype(np.float64 if self.layout == "double" else np.float32)

    def reset(self, seed: int | None = None, options: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        self.time, self.agents = 0, list(self.possible_agents)
        return {name: self._told(n, 0) for name, n in self.numbers.items()}, {name: {} for name in self.agents}

    def step(self, actions: dict[str, Any]) -> tuple[Any, ...]:
        assert list(actions) == self.agents
        self.time += 1
        was = self.agents
        seen = {name: self._told(self.numbers[name], self.time) for name in was}
        dead = {name: 1 + self.numbers[name] % 5 == self.time for name in was}
        self.agents = [name for name in was if not dead[name]]
        return seen, dict.fromkeys(was, 1.0), dead, dict.fromkeys(was, False), {name: {} for name in was}


def crowd(**arguments: Any) -> Crowd:
    """Make one, as a module's function."""
    return Crowd(**arguments)


class Drones(ParallelEnv):
    """Two drones that observe a Tuple of their place and a map; a limit of 3 steps sets both flags, as DSSE does."""

    metadata = {"name": "drones"}
    possible_agents = ["drone0", "drone1"]
    render_mode = "ansi"

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        return spaces.Tuple((spaces.MultiDiscrete([4, 3]), spaces.Box(0, 1, (3, 4), np.float32)))

    def action_space(self, agent: str) -> spaces.Space[Any]:
        return spaces.Discrete(9)

    def _told(self) -> dict[str, Any]:
        likely = np.full((3, 4), self.time / 4)  # float64, as DSSE's
        return {name: ((self.time, n), likely) for n, name in enumerate(self.possible_agents)}

    def reset(self, seed: int | None = None, options: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        self.time, self.agents = 0, list(self.possible_agents)
        return self._told(), {name: {"Found": False} for name in self.agents}

    def step(self, actions: dict[str, Any]) -> tuple[Any, ...]:
        self.time += 1
        ends = dict.fromkeys(self.possible_agents, self.time == 3)
        if self.time == 3:
            self.agents = []
        found = {name: {"Found": False} for name in self.possible_agents}
        return self._told(), dict.fromkeys(self.possible_agents, 0.5), ends, ends, found
