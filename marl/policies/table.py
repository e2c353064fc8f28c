"""A table of action values over binned observations: the policy that tabular learners train."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from marl.core.records import Memory, Observation, Rollout
from marl.core.roster import AgentClass, Roster
from marl.core.wording import argument
from marl.maths.distributions import of_legal
from marl.policies.configs import EvenBins, TableConfig
from marl.policies.policy import Act, Policy

__all__ = ["Table", "edges_of"]

MOST_VALUES = 10_000_000
"""Largest size of a table: 40 MB."""


def edges_of(bins: EvenBins | tuple[float, ...]) -> tuple[float, ...]:
    """The values between one bin and the next; one that equals an edge belongs to the bin above it."""
    if isinstance(bins, tuple):
        return bins
    return tuple(bins.low + (bins.high - bins.low) * i / bins.count for i in range(1, bins.count))


class Table(Policy):
    """For each class one table of action values, zeros at first, shared by its agents.

    It acts epsilon-greedily while it is trained, greedily otherwise; equal values are drawn from.

    Args:
        roster: the team that is trained; all its declared classes get a table.
        config: how observations become states.

    Raises:
        ValueError: if the bins do not match a class's observation, the table would be too large, or a class has
            actions that are not discrete.
    """

    config: TableConfig
    epsilon: Tensor
    """Share of actions that are drawn at random in training mode; its learner sets it."""

    def __init__(self, roster: Roster, config: TableConfig) -> None:
        super().__init__(roster, config)
        self.edges: Tensor | None
        counts = {c.name: _check(c, config) for c in roster.classes}
        edges = None if config.bins is None else _padded(tuple(edges_of(bins) for bins in config.bins))
        self.register_buffer("edges", edges, persistent=False)
        for c in roster.classes:
            self.register_buffer(f"strides_{c.name}", _strides(counts[c.name]), persistent=False)
            self.register_buffer(f"values_{c.name}", torch.zeros(math.prod(counts[c.name]), c.action.size))
        self.register_buffer("epsilon", torch.zeros(()))

    @property
    def exploration(self) -> float:
        """Share of actions that are drawn at random in training mode."""
        return float(self.epsilon)

    @property
    def size(self) -> str:
        """Size of each table, in words."""
        shapes = (self.values(c.name).shape for c in self.roster.classes)
        return " and ".join(f"table of {states:,} x {actions:,} values" for states, actions in shapes)

    @property
    def is_greedy(self) -> bool:
        """True: the best values decide."""
        return True

    def values(self, name: str) -> Tensor:
        """The table of a class, ``[states, A]``."""
        return self.get_buffer(f"values_{name}")

    def states(self, name: str, features: Tensor) -> Tensor:
        """The states that agents are in.

        Args:
            name: of their class.
            features: ``[..., D]``.

        Returns:
            ``[...]`` of int64.
        """
        places = features if self.edges is None else (features[..., None] >= self.edges).sum(-1)
        return (places * self.get_buffer(f"strides_{name}")).sum(-1)

    def q_values(self, observation: Observation) -> dict[str, Tensor]:
        """For each class the values of each action of each agent, ``[..., N_c, A]``."""
        return {name: self.values(name)[self.states(name, seen)] for name, seen in observation.features.items()}

    def inspect(self, rollout: Rollout) -> dict[str, Tensor]:
        """The highest value of each agent's state."""
        seen = rollout.observation
        values = [of_class.amax(-1) for of_class in self.q_values(seen).values()]
        return {"value": torch.cat(values, -1)[seen.to_move]}

    @torch.no_grad()
    def act(self, observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        """One of the best legal actions, or in training mode sometimes any; see `Policy.act`."""
        masks = observation.action_mask or {}
        values = self.q_values(observation)
        action = {name: self._choose(values[name], masks.get(name), generator) for name in values}
        return Act.of(observation, action)

    def outputs(self, observation: Observation, memory: Memory | None) -> tuple[dict[str, Tensor], Memory | None]:
        """Values of actions, the lowest number for illegal ones; see `Policy.outputs`."""
        masks = observation.action_mask or {}
        values = self.q_values(observation)
        return {f"q_values_{name}": of_legal(of_class, masks.get(name)) for name, of_class in values.items()}, None

    def _choose(self, values: Tensor, legal: Tensor | None, generator: torch.Generator | None) -> Tensor:
        """``[...]``, actions drawn evenly from the candidates: the best, or all that are legal."""
        values = of_legal(values, legal)
        candidates = values == values.amax(-1, keepdim=True)
        if generator is None:
            return candidates.byte().argmax(-1)
        drawn = torch.rand(*values.shape[:-1], values.shape[-1] + 1, generator=generator, device=values.device)
        if self.training:
            explores = drawn[..., -1:] < self.epsilon
            candidates = candidates | (explores if legal is None else explores & legal)
        return (candidates * (1 + drawn[..., :-1])).argmax(-1)


def _padded(edges: tuple[tuple[float, ...], ...]) -> Tensor:
    """``[D, E]``, the edges of each number, filled up with what no value reaches."""
    longest = max((len(row) for row in edges), default=0)
    return torch.tensor([[*row, *[math.inf] * (longest - len(row))] for row in edges])


def _strides(counts: Sequence[int]) -> Tensor:
    """``[D]``, states from one bin of a number to its next; the last number's lie side by side."""
    return torch.tensor([math.prod(counts[i + 1 :]) for i in range(len(counts))], dtype=torch.int64)


def _check(agent_class: AgentClass, config: TableConfig) -> Sequence[int]:
    """The number of bins of each number that a class observes, before anything is made of that size."""
    bins = config.bins
    counts = agent_class.categories if bins is None else [_count(each) for each in bins]
    name, width, action = agent_class.name, agent_class.feature_size, agent_class.action
    if action.kind != "discrete":
        raise ValueError(
            f"class {name!r} has {action.kind} actions, but a policy of kind 'table' has one value for each of "
            "finitely many; train kind 'actor_critic' (ppo, a2c, reinforce), or make its actions discrete"
        )
    if agent_class.images:
        raise ValueError(
            f"class {name!r} observes images, which name no state; train a policy of kind 'actor_critic' (ppo, a2c, "
            "reinforce) or 'q_network' (dqn)"
        )
    if not counts:
        raise ValueError(
            f"class {name!r} observes {width} numbers, which name no state; give bins for each of them, e.g. "
            + argument(
                "policy.bins", "'[{low: -1, high: 1, count: 3}, ...]'", "[{'low': -1, 'high': 1, 'count': 3}, ...]"
            )
        )
    if len(counts) != width:
        raise ValueError(
            f"bins are given for {len(counts)} numbers, but class {name!r} observes {width}; give one entry a number, "
            "[] for one that does not count"
        )
    if len(counts) * max(counts, default=0) > MOST_VALUES:
        raise ValueError(f"{len(counts):,} numbers have up to {max(counts):,} bins; give fewer")
    states = math.prod(counts)
    if states * action.size > MOST_VALUES:
        product = " x ".join(map(str, counts))
        raise ValueError(
            f"class {name!r} would have {product} = {states:,} states of {action.size} actions each; a table holds at "
            f"most {MOST_VALUES:,} values: use fewer bins"
        )
    return counts


def _count(bins: EvenBins | tuple[float, ...]) -> int:
    return len(bins) + 1 if isinstance(bins, tuple) else bins.count
