"""Walkers that seek a target in a plane: the environment in which the tests of core to training train and play.

The folder ``meeting-1.0.dist-info`` beside it offers it by the name ``meeting`` wherever this folder is on the path.
Axes as in `marl.core.records`; ``S = N + 2``: the walkers, a landmark that stands, and the target.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy as snapshot
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from gymnasium.spaces import Box, Discrete, Space
from meeting_config import SIGHTS, MeetingConfig
from torch import Tensor

from marl.core.config import Config
from marl.core.environment import Rule, State
from marl.core.errors import ConfigError
from marl.core.records import Observation, Step
from marl.core.roster import ActionSpec, AgentClass, Plane, Roster
from marl.core.scene import Scene
from marl.core.symmetry import Symmetries
from marl.core.task import AgentSpaces

__all__ = ["Meeting", "MeetingTask", "task"]

DIRECTIONS = torch.tensor([[0.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]])
"""Stay, left, right, down, up."""
REACH, CONTACT_REWARD, STEP = 0.2, 10.0, 0.1


class Meeting:
    """``B`` copies of a plane in which walkers are pushed about. A `TaskEnvironment`.

    A velocity halves and takes half of the push at each step; a place moves on by a tenth of it. A walker within
    `REACH` of the target has a contact, for which each of its team is given `CONTACT_REWARD`. Episodes are cut after
    ``max_cycles`` steps.

    Args:
        config: settings.
        num_copies: ``B``.
        training: whether links are lost, teams drawn, and the target slow at first.
        dtype: of places and velocities.
    """

    events: Mapping[str, str] = MappingProxyType({"contacts": "contact"})
    per_step = frozenset({"links"})
    numbered = False
    device = torch.device("cpu")
    agent_noun = "walker"
    frames_per_second = 12.5
    reward_threshold: float | None = None
    symmetries: Symmetries | None = None

    def __init__(
        self, config: MeetingConfig, num_copies: int, training: bool = True, dtype: torch.dtype = torch.float32
    ) -> None:
        if num_copies < 1:
            raise ValueError(f"num_copies is {num_copies}; give at least 1")
        self.config, self.num_copies, self.training, self.dtype = config, num_copies, training, dtype
        teams = (config.training_teams if training else ()) or (config.team,)
        counts = torch.tensor([[team.get(name, 0) for name in config.classes] for team in (config.team, *teams)])
        largest = counts.amax(0)  # every team has its seats
        spec = ActionSpec("continuous", 2) if config.continuous_actions else ActionSpec("discrete", 5)
        classes = tuple(AgentClass(name, 4 + 2 * len(sights), spec) for name, sights in config.classes.items())
        self.roster = Roster(classes, tuple(largest.tolist()), Plane(), 4 + len(classes) + 2, 2)
        class_of = torch.arange(len(classes)).repeat_interleave(largest)
        seat = torch.cat([torch.arange(count) for count in largest])
        self._teams = seat < counts[1:, class_of]  # [K, N], who plays in each team that is drawn
        kinds = torch.cat([class_of, len(classes) + torch.arange(2)])
        self._kinds = torch.eye(len(classes) + 2, dtype=dtype)[kinds].expand(num_copies, -1, -1)
        self.generator = torch.Generator()
        self.episodes = 0

    def reset(self, seed: int) -> Observation:
        self.generator.manual_seed(seed)
        self.episodes = 0
        return self.begin()

    def begin(self) -> Observation:
        """Begin an episode in every copy, with the generator as it is."""
        shape = (self.num_copies, self.roster.size + 2, 2)
        self.position = self.velocity = torch.zeros(shape, dtype=self.dtype)
        self.alive = torch.zeros(shape[0], self.roster.size, dtype=torch.bool)
        self.clock = torch.zeros(self.num_copies, dtype=torch.long)
        self._restart(torch.ones(self.num_copies, dtype=torch.bool))
        return self._observe()

    def place(self, position: Tensor, velocity: Tensor) -> Observation:
        """Put everything where it is told, ``[B, S, 2]`` each; who is absent stays nowhere."""
        there = self._there[..., None]
        self.position, self.velocity = position * there, velocity * there
        return self._observe()

    def step(self, action: dict[str, Tensor]) -> Step:
        pushes = [action[name] for name in self.roster.slices]
        directions = [push if self.config.continuous_actions else DIRECTIONS[push] for push in pushes]
        wish = torch.randint(5, (self.num_copies, 1), generator=self.generator)
        target = DIRECTIONS[wish] * (self.speed if self.config.target == "wanders" else 0.0)
        push = torch.cat([*directions, torch.zeros_like(target), target], 1).to(self.dtype)
        velocity = 0.5 * self.velocity + 0.5 * push
        successor = self.place(self.position + STEP * velocity, velocity)
        contacts = ((self._offset("target").norm(dim=-1) < REACH) & self.alive).to(self.dtype)
        earned, alive = CONTACT_REWARD * contacts, self.alive
        info = {"contacts": contacts}
        if successor.adjacency is not None:
            info["links"] = successor.adjacency.sum(-1).to(self.dtype)
        self.clock = self.clock + 1
        ended = self.clock == self.config.max_cycles
        observation = self._begin_again(ended, successor) if ended.any() else successor
        reward = earned.sum(1, keepdim=True) * alive
        return Step(successor, observation, reward, ~alive, ended[:, None] & alive, info, earned)

    @property
    def speed(self) -> float:
        """Factor on the target's pushes."""
        return 0.5 if self.training and self.episodes < self.config.slow_episodes else 1.0

    @property
    def metrics(self) -> dict[str, float]:
        """The stage of training, as a curriculum tells it."""
        return {"curriculum/stage": 2 * self.speed} if self.config.slow_episodes else {}

    def state(self) -> State | None:
        places = {"position": self.position, "velocity": self.velocity, "alive": self.alive, "clock": self.clock}
        return {**places, "episodes": self.episodes, "generator": self.generator.get_state()}

    def load_state(self, state: State) -> None:
        self.position, self.velocity = state["position"], state["velocity"]
        self.alive, self.clock, self.episodes = state["alive"], state["clock"], state["episodes"]
        self.generator.set_state(state["generator"])

    def scripted(self) -> Mapping[str, Rule]:
        """Walking to the first thing that one sees."""

        def approach(observation: Observation, generator: torch.Generator) -> dict[str, Tensor]:
            offsets = {name: features[..., 4:6] for name, features in observation.features.items()}
            if self.config.continuous_actions:
                return {name: offset.clamp(-1, 1) for name, offset in offsets.items()}
            return {name: (offset @ DIRECTIONS.to(offset).mT).argmax(-1) for name, offset in offsets.items()}

        return {"approach": approach}

    def scene(self, copy: int = 0, at_end: bool = False) -> Scene:
        if at_end:
            return self._ended.scene(copy)
        names = [name for name, count in self.roster.team.items() for _ in range(count)]
        there = [*self.alive[copy].nonzero().flatten().tolist(), len(names), len(names) + 1]
        kinds, places = [*names, "obstacle", "prey"], self.position[copy].tolist()
        near = (self._offset("target")[copy].norm(dim=-1) < REACH).tolist()
        return Scene(
            discs=tuple((*places[i], STEP, kinds[i]) for i in there),
            links=tuple((there.index(i), there.index(j)) for i, j in self._in_range()[copy].nonzero().tolist()),
            contacts=tuple(place for place, i in enumerate(there[:-2]) if near[i]),
            range=None if self.config.communication is None else self.config.communication.range,
            extent=1.0,
        )

    def close(self) -> None:
        """Nothing is held."""

    @property
    def _there(self) -> Tensor:
        """``[B, S]``, True for what is there."""
        return torch.cat([self.alive, self.alive.new_ones(self.num_copies, 2)], 1)

    def _offset(self, sight: str) -> Tensor:
        """``[B, N, 2]``, from each walker to what it may see."""
        return self.position[:, SIGHTS[sight], None] - self.position[:, :-2]

    def _in_range(self) -> Tensor:
        """``[B, N, N]``, True for two walkers that could hear each other."""
        if self.config.communication is None:
            return torch.zeros(self.num_copies, self.roster.size, self.roster.size, dtype=torch.bool)
        distance = (self.position[:, :-2, None] - self.position[:, None, :-2]).norm(dim=-1)
        both = self.alive[:, :, None] & self.alive[:, None] & ~torch.eye(self.roster.size, dtype=torch.bool)
        return both & (distance <= self.config.communication.range)

    def _observe(self) -> Observation:
        adjacency, links = None, self.config.communication
        if links is not None:
            adjacency = self._in_range()
            if self.training and links.link_loss > 0:
                lost = (torch.rand(adjacency.shape, generator=self.generator) < links.link_loss).triu(1)
                adjacency = adjacency & ~(lost | lost.mT)
        everything = torch.cat([self.position, self.velocity], -1)
        seen = {sight: self._offset(sight) * self.alive[..., None] for sight in SIGHTS}
        features = {
            name: torch.cat(
                [everything[:, agents], *(seen[sight][:, agents] for sight in self.config.classes[name])], -1
            )
            for name, agents in self.roster.slices.items()
        }
        return Observation(
            features=features,
            alive=self.alive,
            adjacency=adjacency,
            kinematics=everything[:, :-2],
            entities=torch.cat([everything, self._kinds], -1),
            entity_mask=self._there,
            auxiliary_target=seen["target"],
        )

    def _begin_again(self, ended: Tensor, successor: Observation) -> Observation:
        """Observation after some copies began an episode; the others keep the links of the successor."""
        self.episodes += int(ended.sum())
        self._ended = snapshot(self)  # its places are replaced, not changed
        self._ended._ended = None
        self._restart(ended)
        fresh = self._observe()
        if fresh.adjacency is None or successor.adjacency is None:
            return fresh
        return replace(fresh, adjacency=fresh.adjacency.where(ended[:, None, None], successor.adjacency))

    def _restart(self, begins: Tensor) -> None:
        """Draw team and places where an episode begins, ``[B]``."""
        team = torch.randint(len(self._teams), (self.num_copies,), generator=self.generator)
        self.alive = torch.where(begins[:, None], self._teams[team], self.alive)
        drawn = torch.rand(self.position.shape, generator=self.generator, dtype=self.dtype)
        self.position = torch.where(begins[:, None, None], (2 * drawn - 1) * self._there[..., None], self.position)
        self.velocity = self.velocity * ~begins[:, None, None]
        self.clock = self.clock * ~begins


class MeetingTask:
    """`Meeting` by name. A `marl.core.task.Task`."""

    config_type = MeetingConfig
    changeable = frozenset({"team", "training_teams", "communication", "target", "slow_episodes", "max_cycles"})
    policies: Mapping[str, Path] = MappingProxyType({})

    def run_settings(self, algorithm: str, pictures: bool = False) -> Mapping[str, Any]:
        return {}

    def describe(self, config: Config) -> dict[str, Any]:
        return {name: getattr(config, name) for name in ("team", "target", "max_cycles")}

    def sides(self, config: Config) -> tuple[str, str]:
        raise ConfigError("meeting has only one side")

    def spaces(self, config: Config) -> dict[str, AgentSpaces]:
        assert isinstance(config, MeetingConfig)
        roster = Meeting(config, 1, training=False).roster
        action: Space[Any] = Box(-1, 1, (2,)) if config.continuous_actions else Discrete(5)
        fields = ("kinematics",) if config.communication is None else ("adjacency", "kinematics")
        kinds = [roster.classes[i] for i in roster.class_indices]
        seen = [Box(-np.inf, np.inf, (kind.feature_size,)) for kind in kinds]
        given = zip(kinds, seen, strict=True)
        return {f"walker_{i}": AgentSpaces(kind.name, box, action, fields) for i, (kind, box) in enumerate(given)}

    def make(
        self, config: Config, num_copies: int, training: bool = False, device: torch.device | str = "cpu"
    ) -> Meeting:
        assert isinstance(config, MeetingConfig)
        return Meeting(config, num_copies, training)


task = MeetingTask()
