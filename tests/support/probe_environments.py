"""Tasks so small that the right answer is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import torch
from torch import Tensor

from marl.core.records import Observation, Step
from marl.core.roster import ActionSpec, AgentClass, Roster

__all__ = ["COPIES", "Endless", "Follow", "Identity", "Leaver", "Probe", "TwoSteps"]

COPIES = 16


class Probe:
    """Copies that share a clock; an episode lasts ``length`` steps, each agent sees the clock."""

    num_copies = COPIES
    device = torch.device("cpu")
    events: Mapping[str, str] = MappingProxyType({})
    per_step: frozenset[str] = frozenset()
    numbered = False
    metrics: Mapping[str, float] = MappingProxyType({})
    agents = 1
    length = 1
    action = ActionSpec("discrete", 2)

    def __init__(self) -> None:
        self.roster = Roster((AgentClass("solo", self.width, self.action),), (self.agents,))

    @property
    def width(self) -> int:
        """Width of the features."""
        return self.length

    def reset(self, seed: int) -> Observation:
        """Begin an episode."""
        self.generator = torch.Generator().manual_seed(seed)
        self.clock = 0
        return self.observe()

    def observe(self) -> Observation:
        """The one-hot of the clock, which after the last step stands still."""
        features = torch.zeros(COPIES, self.agents, self.length)
        features[..., min(self.clock, self.length - 1)] = 1
        return Observation({"solo": features}, self.alive())

    def alive(self) -> Tensor:
        """Everybody."""
        return torch.ones(COPIES, self.agents, dtype=torch.bool)

    def reward(self, action: Tensor) -> Tensor:
        """One at each step."""
        return torch.ones(COPIES, self.agents)

    def ends(self) -> tuple[Tensor, Tensor]:
        """Terminated, truncated: by the task after the last step."""
        over = torch.full((COPIES, self.agents), self.clock == self.length)
        return over, torch.zeros_like(over)

    def step(self, action: dict[str, Tensor]) -> Step:
        """Advance by one step."""
        reward = self.reward(action["solo"])
        self.clock += 1
        terminated, truncated = self.ends()
        successor = self.observe()
        if self.clock == self.length:
            self.clock = 0
        return Step(successor, self.observe(), reward, terminated, truncated, {})


class TwoSteps(Probe):
    """Nothing, then one."""

    length = 2

    def reward(self, action: Tensor) -> Tensor:
        return torch.full((COPIES, 1), float(self.clock == 1))


class Endless(Probe):
    """One for ever, cut after every three steps; the clock is not seen."""

    length = 3

    def observe(self) -> Observation:
        return replace(super().observe(), features={"solo": torch.ones(COPIES, 1, self.length)})

    def ends(self) -> tuple[Tensor, Tensor]:
        terminated, truncated = super().ends()
        return truncated, terminated


class Identity(Probe):
    """One for the action that is shown."""

    width = 4
    action = ActionSpec("discrete", 4)

    def observe(self) -> Observation:
        self.shown = torch.randint(4, (COPIES, 1), generator=self.generator)
        return Observation({"solo": torch.eye(4)[self.shown]}, self.alive())

    def reset(self, seed: int) -> Observation:
        self.right = 0.0
        return super().reset(seed)

    def step(self, action: dict[str, Tensor]) -> Step:
        right = (action["solo"] == self.shown).float()
        self.right = float(right.mean())
        return replace(super().step(action), reward=right)


class Follow(Probe):
    """One, less the squared distance of the action to the number that is shown."""

    width = 1
    action = ActionSpec("continuous", 1)

    def observe(self) -> Observation:
        self.shown = 2 * torch.rand(COPIES, 1, 1, generator=self.generator) - 1
        return Observation({"solo": self.shown}, self.alive())

    def step(self, action: dict[str, Tensor]) -> Step:
        reward = 1 - (action["solo"] - self.shown).square().sum(-1)
        return replace(super().step(action), reward=reward)


class Leaver(Probe):
    """One a step for two agents; the second leaves after two of four steps and then is given 1000."""

    agents = 2
    length = 4

    @property
    def width(self) -> int:
        return 2 * self.length

    def observe(self) -> Observation:
        clock = super().observe().features["solo"]
        features = torch.zeros(COPIES, 2, 8)
        features[:, 0, :4], features[:, 1, 4:] = clock[:, 0], clock[:, 1]
        return Observation({"solo": features}, self.alive())

    def alive(self) -> Tensor:
        return torch.tensor([True, self.clock < 2]).expand(COPIES, 2)

    def reward(self, action: Tensor) -> Tensor:
        return torch.where(self.alive(), 1.0, 1000.0)

    def ends(self) -> tuple[Tensor, Tensor]:
        over = torch.tensor([self.clock == 4, self.clock >= 2]).expand(COPIES, 2)
        return over, torch.zeros_like(over)
