"""`Meeting` as a PettingZoo environment of one copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from meeting import Meeting
from meeting_config import MeetingConfig
from pettingzoo.utils.env import ParallelEnv

from marl.core.environment import State
from marl.core.records import Observation

__all__ = ["MeetingParallel", "get_state", "set_state"]


class MeetingParallel(ParallelEnv):
    """The walkers of one copy as agents ``walker_0``, ``walker_1`` and so on, in the order of the classes."""

    metadata = {"name": "meeting"}
    render_mode = None

    def __init__(self, config: MeetingConfig) -> None:
        self.meeting = Meeting(config, 1)
        self.roster = self.meeting.roster
        self.possible_agents = [f"walker_{i}" for i in range(self.roster.size)]
        self.agents: list[str] = []
        observed = self._by_agent(self.meeting.begin())
        self._spaces = {
            agent: spaces.Dict({name: spaces.Box(-np.inf, np.inf, x.shape, x.dtype) for name, x in parts.items()})
            for agent, parts in observed.items()
        }

    def observation_space(self, agent: str) -> spaces.Dict:
        return self._spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        spec = self.roster.classes[self.roster.class_indices[self.possible_agents.index(agent)]].action
        return spaces.Discrete(5) if spec.kind == "discrete" else spaces.Box(-1, 1, (spec.size,))

    def reset(self, seed: int | None = None, options: object = None) -> tuple[dict[str, Any], dict[str, Any]]:
        observation = self.meeting.begin() if seed is None else self.meeting.reset(seed)
        self.agents = list(self.possible_agents)
        return self._by_agent(observation), {agent: {} for agent in self.agents}

    def step(self, actions: dict[str, Any]) -> tuple[Any, ...]:
        chosen = torch.from_numpy(np.stack([actions[agent] for agent in self.possible_agents]))[None]
        step = self.meeting.step({name: chosen[:, agents] for name, agents in self.roster.slices.items()})
        reward, terminated, truncated, contacts = (
            dict(zip(self.possible_agents, each[0].tolist(), strict=True))
            for each in (step.reward, step.terminated, step.truncated, step.info["contacts"])
        )
        infos = {agent: {"contacts": count} for agent, count in contacts.items()}
        if step.ended.all():
            self.agents = []
        return self._by_agent(step.next_observation), reward, terminated, truncated, infos

    def _by_agent(self, observation: Observation) -> dict[str, dict[str, Any]]:
        features = [row for name in self.roster.slices for row in observation.features[name][0].numpy()]
        assert observation.entities is not None and observation.entity_mask is not None
        shared = {"entities": observation.entities[0].numpy(), "entity_mask": observation.entity_mask[0].numpy()}
        own = {
            name: tensor[0].numpy()
            for name in ("adjacency", "kinematics", "auxiliary_target")
            if (tensor := getattr(observation, name)) is not None
        }
        binary = {"adjacency", "entity_mask"}
        seen = {}
        for i, agent in enumerate(self.possible_agents):
            parts = {"observation": features[i], **{name: rows[i] for name, rows in own.items()}, **shared}
            seen[agent] = {name: x.astype(np.int8 if name in binary else np.float32) for name, x in parts.items()}
        return seen


def get_state(env: MeetingParallel) -> State | None:
    return env.meeting.state()


def set_state(env: MeetingParallel, state: State) -> None:
    env.meeting.load_state(state)
