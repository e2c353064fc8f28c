"""Packing of a PettingZoo agent's observation into one vector and back, and its actions in plain spaces."""

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

from marl.core.roster import ActionSpec
from marl.tasks.spaces import ActionSpace, ObservationSpace

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
        categories: of the features, see `AgentClass`.
    """

    parts: tuple[tuple[str, int, tuple[int, ...]], ...]
    width: int
    categories: tuple[int, ...] = ()

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each part."""
        return {name: shape for name, _, shape in self.parts}

    def unpack(self, table: Tensor) -> dict[str, Tensor]:
        """Split vectors ``[B, N_c, W]`` into parts ``[B, N_c, ...]``."""
        parts = {
            name: table[..., start : start + prod(shape)].reshape(*table.shape[:-1], *shape)
            for name, start, shape in self.parts
        }
        return {**parts, "observation": parts["observation"].int()} if self.categories else parts


class FlatObservation(BaseParallelWrapper[str, Any, Any]):
    """Flatten every observation to one float32 vector; keep only numbers in infos, and none at a reset.

    SuperSuit overwrites the infos of a copy's last step with those of its reset. Actions are Discrete, or a Box with
    bounds of -1 and 1; see `marl.tasks.spaces`.

    Raises:
        ValueError: for an unknown key in an agent's dictionary, and spaces that are not supported; at a step, for
            agents that leave early, and for what their spaces do not hold.
    """

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        inner: Any = env.unwrapped
        for name, absent in (("metadata", {}), ("render_mode", None)):  # PettingZoo declares them, SuperSuit reads them
            if getattr(inner, name, None) is None:
                setattr(inner, name, absent)
        names: list[str] = list(env.possible_agents)
        self._seen = {agent: _parts_of(agent, env.observation_space(agent)) for agent in names}
        self._acted = {agent: ActionSpace(env.action_space(agent), f"agent {agent!r}") for agent in names}
        self.layouts = {agent: _layout_of(parts) for agent, parts in self._seen.items()}
        self._flat_spaces = {
            agent: spaces.Box(-np.inf, np.inf, (layout.width,), np.float32) for agent, layout in self.layouts.items()
        }

    @property
    def action_specs(self) -> dict[str, ActionSpec]:
        """Actions of each agent."""
        return {agent: space.spec for agent, space in self._acted.items()}

    def observation_space(self, agent: str) -> spaces.Box:
        return self._flat_spaces[agent]

    def action_space(self, agent: str) -> gymnasium.Space[Any]:
        spec = self._acted[agent].spec
        return spaces.Discrete(spec.size) if spec.kind == "discrete" else spaces.Box(-1, 1, (spec.size,), np.float32)

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict[str, Any], Any]:
        observations, _ = self.env.reset(seed=seed, options=options)
        return self._flatten(observations), {agent: {} for agent in observations}

    def step(self, actions: dict[str, Any]) -> tuple[dict[str, Any], Any, Any, Any, Any]:
        observations, rewards, terminations, truncations, infos = self.env.step(
            {agent: self._acted[agent].actions(np.asarray(action)) for agent, action in actions.items()}
        )
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
        parts = self._seen[agent]
        values = observation if _has_fields(self.env.observation_space(agent)) else {"observation": observation}
        vectors = [space.features(values[name]) for name, space in parts.items()]
        return np.concatenate(vectors).astype(np.float32)


def _has_fields(space: gymnasium.Space[Any]) -> bool:
    return isinstance(space, spaces.Dict) and "observation" in space.spaces


def _numbers(info: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in info.items() if isinstance(value, (int, float, np.number, np.bool_))}


def _parts_of(agent: str, space: gymnasium.Space[Any]) -> dict[str, ObservationSpace]:
    parts = {"observation": space}
    if isinstance(space, spaces.Dict) and _has_fields(space):
        parts = {name: space[name] for name in ("observation", *FIELDS) if name in space.spaces}
        unknown = sorted(set(space.spaces) - set(parts))
        if unknown:
            known = ", ".join(("observation", *FIELDS))
            raise ValueError(f"agent {agent} observes {unknown[0]!r}; beside one another there may be {known}")
    return {name: ObservationSpace(part, f"agent {agent!r}") for name, part in parts.items()}


def _layout_of(parts: Mapping[str, ObservationSpace]) -> Layout:
    start, places = 0, []
    for name, part in parts.items():
        shape = part.space.shape
        places.append((name, start, (part.size,) if name == "observation" or shape is None else tuple(shape)))
        start += part.size
    return Layout(tuple(places), start, parts["observation"].categories)
