"""The policy that draws every action evenly."""

from __future__ import annotations

import torch

from marl.core.records import Memory, Observation
from marl.core.roster import Roster
from marl.policies.configs import RandomPolicyConfig
from marl.policies.policy import Act, Policy
from marl.policies.scripted import Scripted, random_actor

__all__ = ["RandomPolicy"]


class RandomPolicy(Policy):
    """Uniform policy: every legal action with equal probability, or every component uniformly between its bounds.

    Args:
        roster: the team.
        config: nothing.
    """

    def __init__(self, roster: Roster, config: RandomPolicyConfig) -> None:
        super().__init__(roster, config)
        self.register_buffer("nothing", torch.zeros(()))  # says where the policy lives
        self.scripted = Scripted(random_actor(roster))

    @property
    def exploration(self) -> float:
        """All of it."""
        return 1.0

    def act(self, observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        """Draw an action for every agent; without a generator always the same; see `Policy.act`."""
        return self.scripted.act(observation, memory, generator)
