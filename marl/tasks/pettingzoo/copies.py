"""One copy of a PettingZoo environment, and records of what the agents of several see and get."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marl.tasks.episode_seeds import EpisodeSeeds
from marl.tasks.generators import Draws, OwnGenerators
from marl.tasks.guard import Guard, Scenes
from marl.tasks.pettingzoo.drivers import Turn, driver_of

__all__ = ["Copy", "Flags", "Moved", "Seen"]

Flags = NDArray[np.bool_]


@dataclass
class Seen:
    """Perceptions of the agents of ``B`` copies. Agents that are absent, or not to move, have zeros and all actions.

    Args:
        features: for each class ``[B, N_c, D_c]``.
        masks: for each class ``[B, N_c, A]``, True = legal.
        fields: further parts of observations, ``[B, N, ...]``.
        alive: ``[B, N]``.
        acting: ``[B, N]``, True for who is to move.
        images: for each class that sees some ``[B, N_c, C, H, W]``; in memory a place's channels are side by side.
    """

    features: dict[str, NDArray[Any]]
    masks: dict[str, Flags]
    fields: dict[str, NDArray[Any]]
    alive: Flags
    acting: Flags
    images: dict[str, NDArray[Any]] = field(default_factory=dict)

    def copy(self) -> Seen:
        """The same in memory of its own."""
        return Seen(
            {kind: array.copy() for kind, array in self.features.items()},
            {kind: mask.copy() for kind, mask in self.masks.items()},
            {name: array.copy() for name, array in self.fields.items()},
            self.alive.copy(),
            self.acting.copy(),
            {kind: array.copy("K") for kind, array in self.images.items()},
        )


@dataclass(frozen=True)
class Moved:
    """Result of a step of ``B`` copies; see `marl.core.records.Step`.

    Args:
        successor: of the step, also where an episode ended or an agent left.
        seen: to act on next.
        reward, terminated, truncated: ``[B, N]``.
        measured: numbers in the infos by name, ``[B, N]``.
    """

    successor: Seen
    seen: Seen
    reward: NDArray[np.float64]
    terminated: Flags
    truncated: Flags
    measured: dict[str, NDArray[np.float32]]

    @property
    def ended(self) -> Flags:
        """True for copies whose episode is over, ``[B]``."""
        return np.logical_and.reduce(self.terminated | self.truncated, axis=1)


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
