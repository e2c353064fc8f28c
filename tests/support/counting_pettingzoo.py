"""A PettingZoo environment whose observations and infos can be told beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo.utils.env import ParallelEnv

__all__ = ["Counting"]


class Counting(ParallelEnv):
    """Agents that observe ``[index, time, action]``, see ``options`` for the rest."""

    metadata = {"name": "counting"}
    render_mode = None

    def __init__(
        self,
        names: str = "xyz",
        fields: Sequence[str] = (),
        sizes: Sequence[int] = (2, 2, 2),
        leaver: str | None = None,
        continuous: bool = False,
    ) -> None:
        self.possible_agents, self.fields, self.leaver, self.time = list(names), fields, leaver, 0
        self.sizes, self.continuous, self.agents = sizes, continuous, []
        self.spaces = {name: self._space(size) for name, size in zip(names, sizes, strict=True)}

    def _space(self, size: int) -> tuple[spaces.Space[Any], spaces.Space[Any]]:
        own, count = spaces.Box(-9, 9, (3,)), len(self.possible_agents)
        known = {
            "action_mask": spaces.MultiBinary(size),
            "adjacency": spaces.MultiBinary(count),
            "entities": spaces.Box(-9, 9, (count + 1, 1)),
            "entity_mask": spaces.MultiBinary(count + 1),
            "smell": spaces.Box(-9, 9, (1,)),
        }
        act = spaces.Box(-1, 2, (size,)) if self.continuous else spaces.Discrete(size)
        return spaces.Dict({"observation": own, **{f: known[f] for f in self.fields}}) if self.fields else own, act

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        return self.spaces[agent][0]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        return self.spaces[agent][1]

    def _observe(self, actions: dict[str, Any]) -> dict[str, Any]:
        count, seen = len(self.possible_agents), {}
        for i, (name, size) in enumerate(zip(self.possible_agents, self.sizes, strict=True)):
            own = np.array([i, self.time, np.sum(actions.get(name, -1))], np.float32)
            known = {
                "action_mask": (np.arange(size) <= self.time).astype(np.int8),
                # each hears the next one only
                "adjacency": np.eye(count, dtype=np.int8)[(i + 1) % count],
                "entities": np.arange(count + 1, dtype=np.float32)[:, None],
                "entity_mask": np.arange(count + 1).astype(bool).astype(np.int8),
            }
            seen[name] = {"observation": own, **{f: known[f] for f in self.fields}} if self.fields else own
        return {name: seen[name] for name in self.agents}

    def reset(self, seed: int | None = None, options: object = None) -> tuple[dict[str, Any], dict[str, Any]]:
        self.time, self.agents = 0, list(self.possible_agents)
        return self._observe({}), {name: {"score": -1.0} for name in self.agents}

    def step(self, actions: dict[str, Any]) -> tuple[Any, ...]:
        self.time += 1
        over = self.time == 3
        if self.leaver and self.time == 2:
            self.agents.remove(self.leaver)
        seen = self._observe(actions)
        constant = [dict.fromkeys(self.agents, value) for value in (1.0, False, over)]
        infos = {name: {"score": float(self.time), "note": "text"} for name in self.agents}
        if over:
            self.agents = []
        return seen, *constant, infos
