"""Policies that are not learnt: random, and an environment's hand-written references."""

from __future__ import annotations

import torch
from torch import Tensor

from marl.core.environment import Rule
from marl.core.records import Memory, Observation
from marl.core.roster import Roster
from marl.policies.policy import Act

__all__ = ["Scripted", "random_actor"]


class Scripted:
    """A memoryless actor with the interface of a policy.

    Args:
        actor: chooses the actions.
    """

    def __init__(self, actor: Rule) -> None:
        self.actor = actor

    def initial_memory(self, num_copies: int, num_agents: int) -> Memory | None:
        """None: nothing is remembered."""
        return None

    def act(self, observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        """Choose an action for every agent; see `Policy.act`. Log-probabilities are zeros."""
        device = observation.alive.device
        generator = torch.Generator(device).manual_seed(0) if generator is None else generator
        action = self.actor(observation, generator)
        return Act.of(observation, action)


def random_actor(roster: Roster) -> Rule:
    """Rule that draws every legal action with equal probability, or every component uniformly between its bounds."""
    specs = {c.name: c.action for c in roster.classes}

    def act(observation: Observation, generator: torch.Generator) -> dict[str, Tensor]:
        masks, device = observation.action_mask or {}, observation.alive.device
        actions = {}
        for name, features in observation.features.items():
            spec, shape = specs[name], (*features.shape[:-1], specs[name].size)
            drawn = torch.rand(shape, generator=generator, device=device)
            if spec.kind == "continuous":
                actions[name] = 2 * drawn - 1
            else:
                actions[name] = (drawn if name not in masks else drawn.masked_fill(~masks[name], -1.0)).argmax(-1)
        return actions

    return act
