"""Small Gymnasium environments as users write them, each with one habit; their names are ``habits:NAME-v0``."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

__all__ = ["Cage", "Drawing", "Paid", "Walk"]


class Walk(gymnasium.Env[NDArray[np.float32], Any]):
    """A walk on a line: action 1 goes right, 0 left; five to the right it ends with 1, five to the left with 0."""

    metadata = {"render_modes": []}
    observation_space = spaces.Box(-1, 1, (1,), np.float32)
    action_space: spaces.Space[Any] = spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[NDArray[np.float32], dict[str, Any]]:
        super().reset(seed=seed)
        self.place, self.steps = 0, 0
        return self.seen, {}

    def step(self, action: Any) -> Any:
        self.place, self.steps = self.place + (1 if action == 1 else -1), self.steps + 1
        return self.seen, float(self.place == 5), abs(self.place) == 5, self.steps == 50, {}

    @property
    def seen(self) -> NDArray[np.float32]:
        return np.array([self.place / 5], np.float32)


class Cage(Walk):
    """A walk between walls that nothing ends; each step is worth the place."""

    def step(self, action: Any) -> Any:
        self.place = max(-5, min(5, self.place + (1 if action == 1 else -1)))
        return self.seen, float(self.place), False, False, {}


class Paid(Walk):
    """Five steps, the last of which pays what is asked for."""

    def __init__(self, pay: float = 0.9) -> None:
        self.pay = pay

    def step(self, action: Any) -> Any:
        self.steps += 1
        return self.seen, self.pay if self.steps == 5 else 0.0, self.steps == 5, False, {}


class Drawing(Walk):
    """A walk that draws what ``habit`` says, in the same array each time."""

    metadata = {"render_modes": ["human", "rgb_array"]}

    def __init__(self, habit: str = "clock", render_mode: str | None = None) -> None:
        self.habit, self.render_mode, self.drawn = habit, render_mode, 0
        self.sheet = np.zeros((60, 80, 3), np.uint8)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[NDArray[np.float32], dict[str, Any]]:
        self.sheet[:] = 0
        return super().reset(seed=seed)

    def render(self) -> Any:
        self.drawn += 1
        if self.habit == "raises":
            raise NotImplementedError("later")
        self.sheet[0] = self.steps
        self.sheet[1] = self.drawn
        floats = np.ones((60, 80, 3)) * (1.0, 0.5, 0.2)
        given = {"none": None, "floats": floats, "channels first": np.moveaxis(floats, -1, 0)}
        return given.get(self.habit, self.sheet)


gymnasium.register("Walk-v0", Walk)
gymnasium.register("Drawing-v0", Drawing)
gymnasium.register("Cage-v0", Cage)
gymnasium.register("Paid-v0", Paid, reward_threshold=0.9)
