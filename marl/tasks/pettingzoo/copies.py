"""One copy of a PettingZoo environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from marl.tasks.episode_seeds import EpisodeSeeds
from marl.tasks.generators import Draws, OwnGenerators
from marl.tasks.guard import Guard, Scenes
from marl.tasks.pettingzoo.drivers import Turn, driver_of

__all__ = ["Copy"]


class Copy:
    """One environment with a guard, with seeds and global generators of its own.

    Args:
        env: the environment.
        guard: its guard.
        draws: shared by the copies in this process.
        scene: makes the scene or picture of ``env``; None if it cannot be drawn.
    """

    def __init__(self, env: Any, guard: Guard, draws: Draws, scene: Callable[[Any], Any] | None) -> None:
        self.env, self.guard, self.driver = env, guard, driver_of(env)
        self.seeds = EpisodeSeeds(0, 0, 1)
        """Seeds of the episodes to come."""
        self._generators = OwnGenerators(draws)
        self.scenes = None if scene is None else Scenes(guard, partial(self._generators, scene, env))

    def begin(self) -> Turn:
        """Begin the next episode."""
        self.guard.steps = 0
        seed = next(self.seeds)
        self._generators.seed(seed)
        return self._generators(self.driver.reset, seed)

    def step(self, actions: Mapping[Any, Any]) -> Turn:
        """Step once."""
        self.guard.steps += 1
        return self._generators(self.driver.step, actions)
