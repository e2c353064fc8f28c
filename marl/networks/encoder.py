"""Class encoders with memory: from the features of each agent, now and before, to one token an agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import cast

import torch
from torch import Tensor, nn

from marl.core.records import Memory, Observation
from marl.core.roster import Roster
from marl.maths.symlog import symlog
from marl.networks.configs import EncoderConfig
from marl.networks.mlp import MLP, chain
from marl.networks.temporal_gru import TemporalGRU
from marl.networks.temporal_stack import TemporalStack
from marl.networks.temporal_transformer import TemporalTransformer

__all__ = ["TeamEncoder"]


@dataclass(frozen=True)
class Branch:
    """Agents that go through one parameter set: ``features[name][..., agents, :]``.

    Args:
        key: of the hidden layers and the memory.
        inputs: for each class that goes through it the key of its input layer, its name, and which of its agents.
    """

    key: str
    inputs: tuple[tuple[str, str, slice], ...]

    def agents(self, starts: Mapping[str, int], counts: Mapping[str, int]) -> slice:
        """The same agents on the whole team's axis; they lie at even distances."""
        first, part = self.inputs[0][1:]
        last = self.inputs[-1][1]
        return slice(starts[first] + (part.start or 0), starts[last] + counts[last], part.step or 1)


@dataclass(frozen=True)
class EncodingPlan:
    """Branches through which a team of one size is encoded.

    Args:
        branches: each with its agents on the whole team's axis.
        places: for each agent its place among those of the branches, one after the other; None if these are in
            the team's order.
        size: ``N``.
    """

    branches: tuple[tuple[Branch, slice], ...]
    places: tuple[int, ...] | None
    size: int


class TeamEncoder(nn.Module):
    r"""Class encoders and the memory: a transformer, a gated recurrent unit, or the last tokens side by side.

    .. math:: x_i = \mathrm{memory}(\mathrm{hidden}(\mathrm{input}(\mathrm{symlog}(o_i))))

    The number of agents of a class is read off the observation, so that any team may play. With
    ``sharing="agent"`` agent ``i`` of a class takes the parameters of the class's agent
    ``i mod n``, ``n`` being how many of that class were trained.
    Reference: `marl.networks.temporal_transformer`, `marl.networks.temporal_gru`, `marl.networks.temporal_stack`,
    `marl.maths.symlog`.

    Args:
        roster: the team that is trained.
        config: shape.

    Shapes:
        Features of each class ``[T, B, N_c, D_c]`` to tokens ``[T, B, N, D]``.

    Raises:
        ValueError: if a class has a name that PyTorch reserves.
    """

    def __init__(self, roster: Roster, config: EncoderConfig) -> None:
        super().__init__()
        self.config, self.width = config, config.hidden[-1]
        self.trained = {name: max(count, 1) for name, count in roster.team.items()}
        sizes = {c.name: c.width for c in roster.classes}
        reserved = next((name for name in sizes if hasattr(nn.ModuleDict, name)), None)
        if reserved is not None:
            raise ValueError(f"class {reserved!r}: PyTorch's ModuleDict reserves this name; choose another")
        self.inputs = nn.ModuleDict()
        self.hidden = nn.ModuleDict()
        self.transformers = nn.ModuleDict()
        self.grus = nn.ModuleDict()
        self.stacks = nn.ModuleDict()
        self._plans: dict[tuple[tuple[str, int], ...], EncodingPlan] = {}
        for branch in self._branches(self.trained):
            for key, name, _ in branch.inputs:
                self.inputs[key] = MLP((sizes[name], config.hidden[0]), config.activation)
            self.hidden[branch.key] = MLP(config.hidden, config.activation)
            if config.temporal == "transformer":
                self.transformers[branch.key] = TemporalTransformer(self.width, config.transformer)
            elif config.temporal == "gru":
                self.grus[branch.key] = TemporalGRU(self.width)
            elif config.temporal == "stack":
                self.stacks[branch.key] = TemporalStack(self.width, config.transformer.window)

    def forward(
        self, observation: Observation, memory: Memory | None = None, started: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """Encode a stretch of time.

        Args:
            observation: leading axes ``[T, B]``; any, if nothing is remembered. An agent remembers what it saw when
                it was to move.
            memory: before the first step; None is an empty one.
            started: ``[T, B]``, True where an episode begins; not needed if nothing is remembered.

        Returns:
            Tokens ``[T, B, N, D]``, and the memory after the last step.
        """
        if not self.has_memory:
            return self.tokens(observation), None
        plan = self._plan(observation)
        encoded = [self._encode(branch, observation.features) for branch, _ in plan.branches]
        return self._remember(plan, encoded, observation, memory, started)

    def remember(
        self, tokens: Tensor, observation: Observation, memory: Memory | None, started: Tensor | None
    ) -> tuple[Tensor, Memory | None]:
        """Join what is remembered to tokens that messages have changed; else as `forward`.

        Args:
            tokens: ``[T, B, N, D]``, those of `tokens` after the messages.
            observation, memory, started: see `forward`.
        """
        if not self.has_memory:
            return tokens, None
        plan = self._plan(observation)
        encoded = [tokens[..., agents, :] for _, agents in plan.branches]
        return self._remember(plan, encoded, observation, memory, started)

    def _remember(
        self,
        plan: EncodingPlan,
        encoded: Sequence[Tensor],
        observation: Observation,
        memory: Memory | None,
        started: Tensor | None,
    ) -> tuple[Tensor, Memory | None]:
        """Tokens of each branch with what is remembered, in the team's order, and the memory after the last step."""
        assert started is not None
        if memory is None:
            memory = self.initial_memory(started.shape[1], plan.size, started.device)
        assert memory is not None
        tokens, caches = [], []
        past = {"transformer": self.transformers, "gru": self.grus, "stack": self.stacks}[self.config.temporal]
        for (branch, agents), part in zip(plan.branches, encoded, strict=True):
            seats = (x[..., agents] for x in (observation.to_move, observation.alive))
            joined, cache = past[branch.key](part, memory.index(slice(None), agents), started, *seats)
            tokens.append(joined)
            caches.append(cache)
        after = (_in_order([getattr(c, name) for c in caches], 1, plan.places) for name in ("keys", "values", "valid"))
        return _in_order(tokens, 2, plan.places), Memory(*after)

    @property
    def has_memory(self) -> bool:
        """True if a memory is kept between steps."""
        return self.config.temporal != "none"

    def initial_memory(self, num_copies: int, num_agents: int, device: torch.device) -> Memory | None:
        """An empty memory for ``B`` copies of ``N`` agents."""
        if not self.has_memory:
            return None
        layers, window = self.config.transformer.layers, self.config.transformer.window
        steps = {"transformer": (layers, window), "gru": (1, 1), "stack": (1, window)}[self.config.temporal]
        shape = (num_copies, num_agents, *steps, self.width)
        valid = torch.zeros(num_copies, num_agents, shape[3], dtype=torch.bool, device=device)
        return Memory(torch.zeros(shape, device=device), torch.zeros(shape, device=device), valid)

    def tokens(self, observation: Observation) -> Tensor:
        """Encode each step alone, without memory.

        Args:
            observation: any leading axes.

        Returns:
            Tokens ``[..., N, D]``, before the memory if there is one.
        """
        plan = self._plan(observation)
        parts = [self._encode(branch, observation.features) for branch, _ in plan.branches]
        return _in_order(parts, -2, plan.places)

    def _plan(self, observation: Observation) -> EncodingPlan:
        sizes = tuple((name, features.shape[-2]) for name, features in observation.features.items())
        if sizes not in self._plans:
            counts = dict(sizes)
            starts = dict(zip(counts, accumulate(counts.values(), initial=0), strict=False))
            branches = tuple((branch, branch.agents(starts, counts)) for branch in self._branches(counts))
            order = [i for _, agents in branches for i in range(agents.start, agents.stop, agents.step)]
            in_order = all(before < after for before, after in pairwise(order))
            places = None if in_order else tuple(sorted(range(len(order)), key=order.__getitem__))
            self._plans[sizes] = EncodingPlan(branches, places, len(order))
        return self._plans[sizes]

    def _encode(self, branch: Branch, features: Mapping[str, Tensor]) -> Tensor:
        inputs = [cast("MLP", self.inputs[key]) for key, _, _ in branch.inputs]
        hidden = cast("MLP", self.hidden[branch.key])
        seen = [features[name][..., agents, :] for _, name, agents in branch.inputs]
        if self.config.squash:
            seen = [symlog(x) for x in seen]
        if len(seen) == 1:
            return chain(seen[0], inputs[0], hidden)
        # classes differ in width until their input layers; from there on the team is one batch
        return hidden(torch.cat([f(x) for f, x in zip(inputs, seen, strict=True)], -2))

    def _branches(self, counts: Mapping[str, int]) -> list[Branch]:
        everyone = slice(None)
        if self.config.sharing == "team":
            return [Branch("team", tuple((name, name, everyone) for name in counts))]
        if self.config.sharing == "class":
            return [Branch(name, ((name, name, everyone),)) for name in counts]
        # agents beyond those trained take turns with the parameters there are, hence every n-th agent
        return [
            Branch(f"{name}_{i}", ((f"{name}_{i}", name, slice(i, None, self.trained[name])),))
            for name, count in counts.items()
            for i in range(min(count, self.trained[name]))
        ]

    def extra_repr(self) -> str:
        """Sharing of parameters."""
        return f"sharing={self.config.sharing}"


def _in_order(parts: list[Tensor], dim: int, places: Sequence[int] | None) -> Tensor:
    """Join parts along the agent axis, in the team's order; see `EncodingPlan`."""
    joined = parts[0] if len(parts) == 1 else torch.cat(parts, dim)
    # branches of whole classes lie in the team's order already, and copying their tokens would take time
    return joined if places is None else joined.index_select(dim, torch.tensor(places, device=joined.device))
