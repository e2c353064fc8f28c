"""A PettingZoo environment whose rewards are told by its ``state()`` alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo.utils.env import ParallelEnv

__all__ = ["Hidden", "hidden"]

CUT = 4


class Hidden(ParallelEnv):
    """Each episode has a sign, which each of four steps pays; then it is cut. Agents see noise.

    Args:
        form: ``"numbers"`` for a state ``[[sign, time]]``, ``"picture"`` for one of 5 x 6 x 3 bytes, of which those of
            channel 0 are 255 for sign 1, and channel 1 is the time; ``"none"``, ``"fails"``, ``"words"`` and
            ``"grows"`` for what is refused.
    """

    metadata = {"name": "hidden", "render_modes": []}
    possible_agents = ["left_0", "right_0"]

    def __init__(self, form: str = "numbers") -> None:
        self.form, self.agents = form, list[str]()

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        return spaces.Box(-1, 1, (1,), np.float32)

    def action_space(self, agent: str) -> spaces.Space[Any]:
        return spaces.Discrete(2)

    def reset(self, seed: int | None = None, options: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        self.generator = np.random.default_rng(seed)
        self.agents, self.time = list(self.possible_agents), 0
        self.sign = int(self.generator.choice([-1, 1]))
        return self._noise(), {agent: {} for agent in self.agents}

    def step(self, actions: dict[str, Any]) -> tuple[Any, ...]:
        self.time += 1
        told = [dict.fromkeys(self.agents, value) for value in (float(self.sign), False, self.time == CUT)]
        seen, infos = self._noise(), {agent: {} for agent in self.agents}
        self.agents = [] if self.time == CUT else self.agents
        return seen, *told, infos

    def state(self) -> Any:
        if self.form == "none":
            raise NotImplementedError
        if self.form == "fails":
            raise KeyError("board")
        if self.form == "lacks":
            raise AttributeError("board")
        if self.form == "words":
            return "left"
        if self.form == "picture":
            picture = np.zeros((5, 6, 3), np.uint8)
            picture[..., :2] = 255 * (self.sign > 0), self.time
            return picture
        rows = 2 if self.form == "grows" and self.time == 2 else 1
        return np.array([[self.sign, self.time]] * rows)

    def _noise(self) -> dict[str, NDArray[np.float32]]:
        return {agent: self.generator.uniform(-1, 1, 1).astype(np.float32) for agent in self.agents}


def hidden(**arguments: Any) -> Hidden:
    """The environment by name."""
    return Hidden(**arguments)
