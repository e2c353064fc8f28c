"""The policies of several sides as one: each plays its classes and hears nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import Tensor, nn

from marl.core.environment import Rule
from marl.core.records import Memory, Observation, Rollout
from marl.core.roster import Roster
from marl.core.selection import Selection, class_sizes
from marl.policies.configs import PartConfig, PlayerConfig, SidesConfig
from marl.policies.policy import Act, Policy
from marl.policies.pool import Pool
from marl.policies.together import act_together, memory_together, part_of_memory

__all__ = ["Sides", "player_of", "roster_of"]


class Sides(Policy):
    """Policies of several sides. Each acts on the observations of its own agents; messages stay within a side.

    Centralised critics without entities see what the agents of all sides see.

    A memory has a row for each agent, as wide as the widest side's.

    Args:
        roster: all agents.
        config: classes and settings of each side.
        policies: policy of each side.
    """

    config: SidesConfig

    def __init__(self, roster: Roster, config: SidesConfig, policies: Mapping[str, Policy]) -> None:
        super().__init__(roster, config)
        self.sides = nn.ModuleDict(policies)
        self.parts = {side.name: side for side in config.sides}
        self.train()

    @property
    def policies(self) -> dict[str, Policy]:
        """Policy of each side."""
        return {name: policy for name, policy in self.sides.items() if isinstance(policy, Policy)}

    @property
    def trained(self) -> dict[str, Policy]:
        """Policy of each side that is not fixed."""
        return {name: policy for name, policy in self.policies.items() if not self.parts[name].fixed}

    @property
    def has_messages(self) -> bool:
        """True if agents of a side hear each other."""
        return any(policy.has_messages for policy in self.policies.values())

    @property
    def has_parameters_for_each_agent(self) -> bool:
        """True if agents of a class differ in their parameters."""
        return any(policy.has_parameters_for_each_agent for policy in self.policies.values())

    @property
    def exploration(self) -> float | None:
        """The largest share of the sides that are trained; see `Policy.exploration`."""
        shares = [policy.exploration for policy in self.trained.values() if policy.exploration is not None]
        return max(shares, default=None)

    @property
    def is_greedy(self) -> bool:
        """True if each side that is trained takes the best actions."""
        return all(policy.is_greedy for policy in self.trained.values())

    def train(self, mode: bool = True) -> Sides:
        """Set training mode of the sides that are trained; the others play as they always do."""
        super().train(mode)
        for name, policy in self.sides.items():
            policy.train(mode and (isinstance(policy, Pool) or not self.parts[name].fixed))
        return self

    def initial_memory(self, num_copies: int, num_agents: int) -> Memory | None:
        """The memory at the beginning of an episode; see `Policy.initial_memory`."""
        return memory_together(self.policies.values(), num_copies, num_agents)

    def meet(self, rules: Mapping[str, Rule]) -> None:
        """Let each side take note of an environment's rules; see `Policy.meet`."""
        for policy in self.policies.values():
            policy.meet(rules)

    def selections(self, observation: Observation) -> dict[str, Selection]:
        """Agents of each side that has some in an observation."""
        sides = tuple((side.name, side.classes) for side in self.config.sides)
        return _selections(tuple(class_sizes(observation).items()), sides)

    @torch.no_grad()
    def act(self, observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        """Choose an action for every agent, side by side; see `Policy.act`."""
        policies = self.policies
        parts = [(policies[name], agents) for name, agents in self.selections(observation).items()]
        return act_together(parts, observation, memory, generator)

    def rollouts(self, rollout: Rollout) -> dict[str, Rollout]:
        """Rollout of each side that has agents in it."""
        found = {}
        for name, agents in self.selections(rollout.observation).items():
            policy = self.policies[name]
            seen = [c.name for c in policy.roster.others]
            found[name] = agents.rollout(rollout, part_of_memory(policy, rollout.memory, agents), seen)
        return found

    def inspect(self, rollout: Rollout) -> dict[str, Tensor]:
        """Numbers of each side that is trained, by name and side; see `Policy.inspect`."""
        rollouts = self.rollouts(rollout)
        return {
            f"{name}/{side}": tensor
            for side, policy in self.trained.items()
            if side in rollouts
            for name, tensor in policy.inspect(rollouts[side]).items()
        }


def player_of(policy: Policy, classes: tuple[str, ...]) -> Policy:
    """The policy that plays some classes: that of the side which has just them, or the whole."""
    if not isinstance(policy, Sides):
        return policy
    found = (name for name, side in policy.parts.items() if set(side.classes) == set(classes))
    name = next(found, None)
    return policy if name is None else policy.policies[name]


def roster_of(roster: Roster, side: PartConfig, player: PlayerConfig | None = None) -> Roster:
    """Roster of a side: the classes that a policy of it knows, with the agents of those that it plays.

    Raises:
        ValueError: for a class that the whole roster does not have.
    """
    counted = {c.name: (c, count) for c, count in zip(roster.classes, roster.counts, strict=True)}
    names = (() if player is None else player.knows) or side.classes
    seen = () if player is None else player.others
    if unknown := [name for name in (*side.classes, *names, *seen) if name not in counted]:
        raise ValueError(f"class {unknown[0]!r} of a side is not there; classes are {', '.join(counted)}")
    classes = tuple(counted[name][0] for name in names)
    counts = tuple(counted[name][1] if name in side.classes else 0 for name in names)
    others = tuple(counted[name][0] for name in seen)
    width = roster.entity_size if player is None or player.entity_size is None else player.entity_size
    return Roster(classes, counts, roster.plane, width, roster.auxiliary_size, others, roster.state)


@lru_cache(maxsize=64)
def _selections(
    sizes: tuple[tuple[str, int], ...], sides: tuple[tuple[str, tuple[str, ...]], ...]
) -> dict[str, Selection]:
    counts = dict(sizes)
    found = {
        side: Selection(counts, {name: range(counts[name]) for name in classes if name in counts})
        for side, classes in sides
    }
    return {side: agents for side, agents in found.items() if agents.size}
