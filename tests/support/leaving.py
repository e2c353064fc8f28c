"""Written episodes in which agents die, are cut, join and take turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from probe_environments import COPIES, Probe
from torch import Tensor

from marl.core.records import Memory, Observation, Step
from marl.policies.policy import Act

__all__ = ["Still", "Written"]

GARBAGE = 1000.0


class Written(Probe):
    """Each agent is paid one a step while it is there, and sees who it is and, unless it is cut, the clock.

    Args:
        lives: for each agent a character a step: ``x`` it acts, ``.`` it waits, ``-`` it is not there.
        ends: for each agent ``dies``, ``cut``, or ``both`` flags at once.
        reward: for each agent its rewards, if they are not one a step.
    """

    def __init__(
        self, lives: Sequence[str], ends: Sequence[str], reward: Sequence[Sequence[float]] | None = None
    ) -> None:
        self.agents, self.length = len(lives), max(map(len, lives))
        rows = [life.ljust(self.length + 1, "-") for life in lives]
        self.there = torch.tensor([[mark != "-" for mark in row] for row in rows]).T  # [length + 1, N]
        self.acts = torch.tensor([[mark == "x" for mark in row] for row in rows]).T
        self.turns = bool((self.there & ~self.acts).any())
        self.is_cut = torch.tensor([end != "dies" for end in ends])
        self.dies = torch.tensor([end != "cut" for end in ends])
        self.paid = self.there.float() if reward is None else torch.tensor(reward).T
        super().__init__()

    @property
    def width(self) -> int:
        return self.agents * self.length

    def observe(self) -> Observation:
        return self._seen(self.there[self.clock], self.acts[self.clock])

    def step(self, action: dict[str, Tensor]) -> Step:
        there, after = self.there[self.clock], self.there[self.clock + 1]
        reward = self.paid[self.clock].where(there, GARBAGE)
        self.clock += 1
        leaves = there & ~after
        truncated, stays = leaves & self.is_cut, after | (leaves & ~self.dies)
        successor = self._seen(after | truncated, self.acts[self.clock])
        if not bool(after.any()):
            self.clock = 0
        flags = (x.expand(COPIES, -1) for x in (reward, ~stays, truncated))
        return Step(successor, self.observe(), *flags, info={})

    def close(self) -> None:
        """Nothing is held."""

    def _seen(self, alive: Tensor, acts: Tensor) -> Observation:
        clock = torch.where(self.dies, min(self.clock, self.length - 1), 0)
        features = torch.zeros(self.agents, self.agents, self.length)
        features[range(self.agents), range(self.agents), clock] = 1
        features = features.flatten(1).masked_fill(~alive[:, None], GARBAGE)
        acting = (acts & alive).expand(COPIES, -1) if self.turns else None
        seen = Observation({"solo": features.expand(COPIES, -1, -1)}, alive.expand(COPIES, -1))
        return replace(seen, acting=acting)


class Still:
    """A policy that does nothing."""

    def initial_memory(self, num_copies: int, num_agents: int) -> Memory | None:
        return None

    def act(self, observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        return Act.of(observation, {"solo": torch.zeros(observation.alive.shape, dtype=torch.long)})
