"""Packing of a PettingZoo agent's observation into one vector, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

import gymnasium
import numpy as np
from gymnasium import spaces
from pettingzoo.utils.env import ParallelEnv
from pettingzoo.utils.wrappers import BaseParallelWrapper
from torch import Tensor

__all__ = ["FIELDS", "Env", "FlatObservation", "Layout"]

Env: TypeAlias = ParallelEnv[str, Any, Any]

FIELDS = ("action_mask", "adjacency", "kinematics", "entities", "entity_mask", "auxiliary_target")
"""Keys that an agent's dictionary may hold beside ``"observation"``."""


@dataclass(frozen=True)
class Layout:
    """Layout of one agent's observation in its flat vector.

    Args:
        parts: for each part its start and its shape.
        width: length of the vector.
    """

    parts: tuple[tuple[str, int, tuple[int, ...]], ...]
    width: int

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each part."""
        return {name: shape for name, _, shape in self.parts}

    def unpack(self, table: Tensor) -> dict[str, Tensor]:
        """Split vectors ``[B, N_c, W]`` into parts ``[B, N_c, ...]``."""
        return {
            name: table[..., start : start + prod(shape)].reshape(*table.shape[:-1], *shape)
            for name, start, shape in self.parts
        }


class FlatObservation(BaseParallelWrapper[str, Any, Any]):
    """Flatten every observation to one float32 vector; keep only numbers in infos, and none at a reset.

    SuperSuit overwrites the infos of a copy's last step with those of its reset.

    Raises:
        ValueError: for an unknown key in an agent's dictionary; at a step, for agents that leave early.
    """

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        names: list[str] = list(env.possible_agents)
        self.layouts = {agent: _layout_of(agent, env.observation_space(agent)) for agent in names}
        self._flat_spaces = {
            agent: spaces.Box(-np.inf, np.inf, (layout.width,), np.float32) for agent, layout in self.layouts.items()
        }

    def observation_space(self, agent: str) -> spaces.Box:
        return self._flat_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict[str, Any], Any]:
        observations, _ = self.env.reset(seed=seed, options=options)
        return self._flatten(observations), {agent: {} for agent in observations}

    def step(self, actions: dict[str, Any]) -> tuple[dict[str, Any], Any, Any, Any, Any]:
        observations, rewards, terminations, truncations, infos = self.env.step(actions)
        measured = {agent: _numbers(infos.get(agent, {})) for agent in observations}
        return self._flatten(observations), rewards, terminations, truncations, measured

    def _flatten(self, observations: dict[str, Any]) -> dict[str, Any]:
        missing = [agent for agent in self.layouts if agent not in observations]
        if missing or len(self.env.agents) not in (0, len(self.layouts)):
            gone = missing or [agent for agent in self.layouts if agent not in self.env.agents]
            raise ValueError(
                f"agents {', '.join(gone)} left before the others, which SuperSuit cannot vectorise; "
                "keep every agent until the episode's end, e.g. with supersuit.black_death_v3"
            )
        return {agent: self._vector(agent, observation) for agent, observation in observations.items()}

    def _vector(self, agent: str, observation: Any) -> np.ndarray[Any, Any]:
        space = self.env.observation_space(agent)
        if not _has_fields(space):
            return np.asarray(spaces.flatten(space, observation), np.float32)
        vectors = [np.asarray(spaces.flatten(space[name], observation[name])) for name in self.layouts[agent].shapes]
        return np.concatenate(vectors).astype(np.float32)


def _has_fields(space: gymnasium.Space[Any]) -> bool:
    return isinstance(space, spaces.Dict) and "observation" in space.spaces


def _numbers(info: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in info.items() if isinstance(value, (int, float, np.number, np.bool_))}


def _layout_of(agent: str, space: gymnasium.Space[Any]) -> Layout:
    parts = {"observation": space}
    if isinstance(space, spaces.Dict) and _has_fields(space):
        parts = {name: space[name] for name in ("observation", *FIELDS) if name in space.spaces}
        unknown = sorted(set(space.spaces) - set(parts))
        if unknown:
            known = ", ".join(("observation", *FIELDS))
            raise ValueError(f"agent {agent} observes {unknown[0]!r}; beside one another there may be {known}")
    start, places = 0, []
    for name, part in parts.items():
        size = spaces.flatdim(part)
        shape = (size,) if name == "observation" or part.shape is None else tuple(part.shape)
        places.append((name, start, shape))
        start += size
    return Layout(tuple(places), start)
