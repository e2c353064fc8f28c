"""Small Gymnasium environments as users write them, each with one habit; their names are ``habits:NAME-v0``."""

from __future__ import annotations

import random
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

__all__ = [
    "Answering",
    "Below",
    "Between",
    "Cage",
    "Closed",
    "Colour",
    "Drawing",
    "Drawn",
    "ModesNone",
    "NanReward",
    "NoMode",
    "Paid",
    "Parts",
    "Table",
    "Target",
    "Walk",
]


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


class Target(Walk):
    """Ten steps; the best number to play is seven tenths of the way from the lowest to the highest."""

    def __init__(self, low: float = -1.0, high: float = 1.0) -> None:
        self.action_space = spaces.Box(low, high, (1,), np.float32)

    def step(self, action: Any) -> Any:
        self.steps += 1
        low, high = self.action_space.low[0], self.action_space.high[0]  # type: ignore[attr-defined]
        way = (float(action[0]) - low) / (high - low)
        return self.seen, -4 * (way - 0.7) ** 2, self.steps == 10, False, {}


class Colour(Walk):
    """Five pictures of one colour each; the action of its number, red, green or blue, pays 1."""

    action_space = spaces.Discrete(3)

    def __init__(self, size: int = 12) -> None:
        self.observation_space = spaces.Box(0, 255, (size, size, 3), np.uint8)

    def step(self, action: Any) -> Any:
        paid, self.steps = float(action == self.colour), self.steps + 1
        return self.seen, paid, self.steps == 5, False, {}

    @property
    def seen(self) -> Any:
        self.colour = int(self.np_random.integers(3))
        picture = np.zeros(self.observation_space.shape, np.uint8)  # type: ignore[arg-type]
        picture[..., self.colour] = 255
        return picture


class Parts(Walk):
    """Five situations told in parts; the action of 4 colour + 2 sign + digit pays 1, that after it is illegal.

    The colour is a picture, or a bit; the sign is in a Tuple, the digit, 3 or 4, in a Dict in it. The mask is beside
    all of it, or beside it as a whole.
    """

    action_space = spaces.Discrete(8)

    def __init__(self, size: int = 0, inside: bool = False) -> None:
        colour = spaces.Box(0, 255, (size, size, 3), np.uint8) if size else spaces.MultiBinary(1)
        told = spaces.Tuple([spaces.Box(-1, 1, (1,)), spaces.Dict(digit=spaces.Discrete(2, start=3))])
        parts, mask = {"colour": colour, "told": told}, spaces.MultiBinary(8)
        whole = {"observation": spaces.Dict(parts)} if inside else parts
        self.observation_space = spaces.Dict({**whole, "action_mask": mask})  # type: ignore[assignment,dict-item]
        self.size, self.inside = size, inside

    def step(self, action: Any) -> Any:
        if not self.mask[action]:
            raise ValueError(f"action {action} is not legal")
        paid, self.steps = float(action == self.right), self.steps + 1
        return self.seen, paid, self.steps == 5, False, {}

    @property
    def seen(self) -> Any:
        colour, sign, digit = (int(bit) for bit in self.np_random.integers(2, size=3))
        self.right, picture = 4 * colour + 2 * sign + digit, np.zeros((self.size, self.size, 3), np.uint8)
        picture[..., colour] = 255
        self.mask = (np.arange(8) != (self.right + 1) % 8).astype(np.int8)
        told = (np.array([2 * sign - 1], np.float32), {"digit": 3 + digit})
        parts = {"colour": picture if self.size else np.array([colour], np.int8), "told": told}
        return {**({"observation": parts} if self.inside else parts), "action_mask": self.mask}


class Below(Walk):
    """Says that it observes 0 to 3, and observes -1 as its first."""

    observation_space: Any = spaces.Discrete(4)

    @property
    def seen(self) -> Any:
        return self.steps - 1


class Drawn(Walk):
    """A walk of which everything is drawn from `random` and `np.random`, whatever is played."""

    observation_space = spaces.Box(-np.inf, np.inf, (2,), np.float64)  # type: ignore[assignment]

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        _, info = super().reset(seed=seed)
        self.place = int(np.random.randint(-3, 4))
        return np.array([self.place, np.random.normal()]), info

    def step(self, action: Any) -> Any:
        _, *rest = super().step(random.randrange(2))
        return np.array([self.place, np.random.normal()]), *rest


class Table(Walk):
    """A walk whose copies are counted."""

    made = 0

    def __init__(self) -> None:
        Table.made += 1


class NoMode(Walk):
    """A walk that names modes and takes no ``render_mode``, as many first environments."""

    metadata = {"render_modes": ["human", "rgb_array"], "render_fps": None}


class ModesNone(Walk):
    """A walk without modes."""

    metadata = {"render_modes": None}  # type: ignore[dict-item]


class Answering(Walk):
    """A walk of which one answer is another than Gymnasium's.

    Args:
        step: makes it from that of a step; None for Gymnasium's.
        reset: makes it from that of a reset.
        at: step from which it does.
    """

    observation_space = spaces.Box(-1, 1, (2,), np.float32)

    def __init__(self, step: Any = None, reset: Any = None, at: int = 2, space: Any = None) -> None:
        self.answer, self.first, self.at = step, reset, at
        self.observation_space = space or self.observation_space

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        answer = super().reset(seed=seed)
        return answer if self.first is None else self.first(*answer)

    def step(self, action: Any) -> Any:
        answer = super().step(action)
        return self.answer(*answer) if self.answer and self.steps >= self.at else answer

    @property
    def seen(self) -> NDArray[np.float32]:
        return np.array([self.place / 5, self.steps / 50], np.float32)


class NanReward(Walk):
    """A walk whose third step is worth nothing that is a number."""

    def step(self, action: Any) -> Any:
        seen, reward, *rest = super().step(action)
        return seen, float("nan") if self.steps == 3 else reward, *rest


class Closed(Walk):
    """A walk with a third action that is never legal, and on the right half one legal action only.

    Args:
        moments: where the mask is told.
    """

    action_space = spaces.Discrete(3)

    def __init__(self, moments: tuple[str, ...] = ("reset", "step")) -> None:
        self.moments = moments

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        seen, _ = super().reset(seed=seed)
        return seen, self._told("reset")

    def step(self, action: Any) -> Any:
        if not self._mask()[action]:
            raise ValueError(f"action {action} is not legal at {self.place}")
        *rest, _ = super().step(action)
        return *rest, self._told("step")

    def _mask(self) -> NDArray[np.int8]:
        return np.array([self.place < 1, 1, 0], np.int8)

    def _told(self, moment: str) -> dict[str, Any]:
        return {"action_mask": self._mask()} if moment in self.moments else {}


class Between(Walk):
    """A walk in spaces that are told, where actions do nothing."""

    def __init__(self, observation_space: Any, action_space: Any) -> None:
        self.observation_space, self.action_space = observation_space, action_space

    def step(self, action: Any) -> Any:
        assert self.action_space.contains(action), action
        self.steps += 1
        return self.seen, 0.0, self.steps == 5, False, {}

    @property
    def seen(self) -> Any:
        return self.observation_space.sample()


gymnasium.register("Walk-v0", Walk)
gymnasium.register("Drawing-v0", Drawing)
gymnasium.register("Target-v0", Target)
gymnasium.register("Below-v0", Below)
gymnasium.register("Colour-v0", Colour)
gymnasium.register("Closed-v0", Closed)
gymnasium.register("Parts-v0", Parts)
gymnasium.register("Answering-v0", Answering)
gymnasium.register("Limited-v0", Answering, max_episode_steps=50)
gymnasium.register("Drawn-v0", Drawn)
gymnasium.register("NanReward-v0", NanReward)
gymnasium.register("NoMode-v0", NoMode)
gymnasium.register("ModesNone-v0", ModesNone)
gymnasium.register("Table-v0", Table)
gymnasium.register("Cage-v0", Cage)
gymnasium.register("Between-v0", Between)
gymnasium.register("Paid-v0", Paid, reward_threshold=0.9)
