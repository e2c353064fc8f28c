"""A pool of opponents: one of several policies plays each episode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from marl.core.config import Config
from marl.core.environment import Rule
from marl.core.records import Memory, Observation
from marl.core.roster import Roster
from marl.core.selection import Selection, class_sizes
from marl.policies.policy import Act, Policy
from marl.policies.together import memory_together, part_of_memory, write_memory

__all__ = ["Pool"]


class Pool(Policy):
    """Several policies, of which one, drawn evenly, plays an episode in training, and the last plays otherwise.

    The memory's earliest entry says, while it is valid, which one plays.
    Reference: Heinrich, Lanctot and Silver, "Fictitious Self-Play in Extensive-Form Games",
    https://proceedings.mlr.press/v37/heinrich15.html.

    Args:
        roster: the agents that it plays.
        config: of the side.
        policies: the pool.
    """

    def __init__(self, roster: Roster, config: Config, policies: Sequence[Policy]) -> None:
        super().__init__(roster, config)
        self.players = nn.ModuleList(policies)
        self.train()

    @property
    def policies(self) -> list[Policy]:
        """The pool."""
        return [policy for policy in self.players if isinstance(policy, Policy)]

    @property
    def has_messages(self) -> bool:
        """True if agents hear each other."""
        return any(policy.has_messages for policy in self.policies)

    @property
    def has_parameters_for_each_agent(self) -> bool:
        """True if agents of a class differ in their parameters."""
        return any(policy.has_parameters_for_each_agent for policy in self.policies)

    def train(self, mode: bool = True) -> Pool:
        """Draw from the pool, or let the last one play; nobody in it explores."""
        super().train(mode)
        self.players.eval()
        return self

    def initial_memory(self, num_copies: int, num_agents: int) -> Memory:
        """The memory at the beginning of an episode; see `Policy.initial_memory`."""
        together = memory_together(self.policies, 1, 1)
        layers, window, width = (1, 0, 1) if together is None else together.keys.shape[2:]
        keys = torch.zeros(num_copies, num_agents, layers, window + 1, width, device=self.device)
        return Memory(keys, keys.clone(), torch.zeros_like(keys[:, :, 0, :, 0], dtype=torch.bool))

    def meet(self, rules: Mapping[str, Rule]) -> None:
        """Let each policy take note of an environment's rules; see `Policy.meet`."""
        for policy in self.policies:
            policy.meet(rules)

    @torch.no_grad()
    def act(self, observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        """Choose an action for every agent; see `Policy.act`."""
        copies, agents = observation.alive.shape
        whole = self.initial_memory(copies, agents) if memory is None else memory.map(torch.clone)
        chosen = self._chosen(whole, generator)
        sizes = class_sizes(observation)
        everybody = Selection(sizes, {name: range(size) for name, size in sizes.items()})
        acts: list[tuple[Tensor, Act]] = []
        for number, policy in enumerate(self.policies):
            rows = (chosen == number).nonzero().squeeze(-1)
            if not len(rows):
                continue
            its = whole.index(rows)
            act = policy.act(observation.index(rows), part_of_memory(policy, its, everybody), generator)
            acts.append((rows, act))
            if act.memory is not None:
                write_memory(its, act.memory, everybody)
                for field in ("keys", "values", "valid"):
                    getattr(whole, field)[rows] = getattr(its, field)
        whole.keys[:, :, 0, 0, 0] = chosen[:, None].to(whole.keys)
        whole.valid[:, :, 0] = True
        action: dict[str, Tensor] = {}
        log_prob = torch.zeros(copies, agents, device=observation.alive.device)
        for rows, act in acts:
            log_prob[rows] = act.log_prob.to(log_prob)
            for name, part in act.action.items():
                action.setdefault(name, part.new_zeros(copies, *part.shape[1:]))[rows] = part
        return Act(action, log_prob, whole)

    def _chosen(self, memory: Memory, generator: torch.Generator | None) -> Tensor:
        """Number of the policy that plays in each copy, ``[B]``."""
        last, copies = len(self.policies) - 1, len(memory.keys)
        drawn = torch.full((copies,), last, device=memory.keys.device)
        if self.training and generator is not None:
            drawn = torch.randint(last + 1, (copies,), generator=generator, device=memory.keys.device)
        return drawn.where(~memory.valid[:, 0, 0], memory.keys[:, 0, 0, 0, 0].long())
