"""The policies of several sides as one: each plays its classes and hears nobody else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import torch
from torch import Tensor, nn

from marl.core.records import Memory, Observation, Rollout
from marl.core.roster import Roster
from marl.core.selection import Selection, class_sizes
from marl.policies.configs import PartConfig, SidesConfig
from marl.policies.policy import Act, EpisodePlayer, Policy

__all__ = ["Sides", "act_together", "memory_together", "part_of_memory", "player_of", "roster_of"]


class Sides(Policy):
    """Policies of several sides. Each sees the observations of its own agents; messages stay within a side.

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
            policy.train(mode and not self.parts[name].fixed)
        return self

    def initial_memory(self, num_copies: int, num_agents: int) -> Memory | None:
        """The memory at the beginning of an episode; see `Policy.initial_memory`."""
        return memory_together(self.policies.values(), num_copies, num_agents)

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
        policies, memory = self.policies, rollout.memory
        return {
            name: agents.rollout(rollout, part_of_memory(policies[name], memory, agents))
            for name, agents in self.selections(rollout.observation).items()
        }

    def inspect(self, rollout: Rollout) -> dict[str, Tensor]:
        """What the policy of each side that is trained shows, by name and side; see `Policy.inspect`."""
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


def roster_of(roster: Roster, side: PartConfig) -> Roster:
    """Roster of a side: the classes that its policy knows, with the agents of those that it plays.

    Raises:
        ValueError: for a class that the whole roster does not have.
    """
    counted = {c.name: (c, count) for c, count in zip(roster.classes, roster.counts, strict=True)}
    names = side.knows or side.classes
    if unknown := [name for name in (*side.classes, *names) if name not in counted]:
        raise ValueError(f"class {unknown[0]!r} of a side is not there; classes are {', '.join(counted)}")
    classes = tuple(counted[name][0] for name in names)
    counts = tuple(counted[name][1] if name in side.classes else 0 for name in names)
    return Roster(classes, counts, roster.plane, roster.entity_size, roster.auxiliary_size)


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


def act_together(
    parts: Iterable[tuple[EpisodePlayer, Selection]],
    observation: Observation,
    memory: Memory | None,
    generator: torch.Generator | None,
) -> Act:
    """Let each player act for its agents.

    Args:
        parts: players, and the agents of each; every agent is one player's.
        observation: of all agents, leading axis ``[B]``.
        memory: from `memory_together` or the last call.
        generator: see `Policy.act`.
    """
    action: dict[str, Tensor] = {}
    log_prob = torch.zeros(observation.alive.shape, device=observation.alive.device)
    after = None if memory is None else memory.map(torch.clone)
    sizes = class_sizes(observation)
    for player, agents in parts:
        act = player.act(agents.observation(observation), part_of_memory(player, memory, agents), generator)
        log_prob[:, agents.agents] = act.log_prob
        for name, places in agents.places.items():
            chosen = act.action[name]
            if name not in action:
                action[name] = chosen.new_zeros((chosen.shape[0], sizes[name], *chosen.shape[2:]))
            action[name][:, places] = chosen
        if after is not None and act.memory is not None:
            _write(after, act.memory, agents)
    return Act({name: action[name] for name in sizes}, log_prob, after)


def memory_together(players: Iterable[EpisodePlayer], num_copies: int, num_agents: int) -> Memory | None:
    """An empty memory with a row for each agent that holds any player's; None if nobody remembers."""
    empty = [memory.keys for player in players if (memory := player.initial_memory(1, 1)) is not None]
    if not empty:
        return None
    layers, window, width = (max(sizes) for sizes in zip(*(keys.shape[2:] for keys in empty), strict=True))
    keys = empty[0].new_zeros(num_copies, num_agents, layers, window, width)
    return Memory(keys, keys.clone(), torch.zeros_like(keys[:, :, 0, :, 0], dtype=torch.bool))


def part_of_memory(player: EpisodePlayer, memory: Memory | None, agents: Selection) -> Memory | None:
    """A player's memory of its agents, from that of all; None if it remembers nothing."""
    own = None if memory is None else player.initial_memory(1, 1)
    if memory is None or own is None:
        return None
    layers, window, width = own.keys.shape[2:]
    rows = agents.agents
    first = memory.valid.shape[-1] - window  # the latest come last
    keys, values = (each[:, rows, :layers, first:, :width] for each in (memory.keys, memory.values))
    return Memory(keys, values, memory.valid[:, rows, first:])


def _write(whole: Memory, part: Memory, agents: Selection) -> None:
    """Put a player's memory in its rows of that of all."""
    layers, window, width = part.keys.shape[2:]
    rows, first = agents.agents, whole.valid.shape[-1] - window
    whole.keys[:, rows, :layers, first:, :width] = part.keys
    whole.values[:, rows, :layers, first:, :width] = part.values
    whole.valid[:, rows, first:] = part.valid
