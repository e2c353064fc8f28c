"""Critics: values of each agent's situation, for any team size."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from marl.core.records import Observation
from marl.core.roster import Plane, Roster
from marl.maths.symlog import symlog
from marl.networks.cache_parts import by_parts
from marl.networks.configs import CriticConfig
from marl.networks.image_encoder import image_network, read_images
from marl.networks.mlp import MLP
from marl.networks.size_buckets import size_buckets

__all__ = ["AgentCritic", "Critic", "EntityCritic", "StateCritic"]

PART_ELEMENTS = 2**20
"""Numbers in the largest tensor over agents and entities at a time on a CPU: 4 MB, for the system gives larger ones
fresh memory each time, which took a fifth of the time with teams of sixteen."""


class EntityCritic(nn.Module):
    r"""Pool everything there is, as each agent sees it, into the agent's value.

    .. math::
        V_i = \mathrm{head}\Big(\frac{1}{S} \sum_{j \le S} \mathrm{embed}(k_j - k_i, |x_j - x_i|, c_j),
            k_i, c_i, \log S\Big)

    for entities of kinematics :math:`k`, position :math:`x` and kind :math:`c`, all but kinds squashed by `symlog`.
    Mean and number together let any number of entities do.
    Reference: Zaheer et al., "Deep Sets", https://arxiv.org/abs/1703.06114, theorem 2.

    Args:
        entity_size: ``F``, kinematics first.
        plane: the coordinates of the kinematics.
        config: shape.

    Shapes:
        Entities ``[..., S, F]`` and mask ``[..., S]`` to ``[..., N_c]``.
    """

    def __init__(self, entity_size: int, plane: Plane, config: CriticConfig) -> None:
        super().__init__()
        self.plane, self.squash, self.width = plane, _squash(config), max(config.entity_hidden)
        self.embed = MLP((entity_size + 1, *config.entity_hidden), config.activation)
        pooled = config.entity_hidden[-1] + entity_size + 1
        self.head = MLP((pooled, *config.hidden, 1), config.activation, output_gain=1.0)

    def forward(self, entities: Tensor, mask: Tensor, agents: slice) -> Tensor:
        """Values of some of the agents.

        Args:
            entities: ``[..., S, F]``, the agents first.
            mask: ``[..., S]``, True for entities that are there.
            agents: their slice of the agent axis.

        Returns:
            ``[..., N_c]``; of those who are not there it means nothing.
        """
        *leading, size, width = entities.shape
        moments = math.prod(leading)
        entities, mask = entities.reshape(moments, size, width), mask.reshape(moments, size)
        own, there = entities[:, agents], mask[:, agents]
        buckets = size_buckets(mask)
        if not buckets:
            return self._values(entities, own, mask).reshape(*leading, own.shape[1])
        parts, places = [], []
        for each in buckets:
            # each agent by itself: rows in which equally many are there may have different numbers of one class
            moment, agent = there[each.rows].nonzero(as_tuple=True)
            place = each.rows[moment] * own.shape[1] + agent
            seen, seer = each.pick(entities)[moment], own.flatten(0, 1)[place][:, None]
            parts.append(self._values(seen, seer, mask.new_ones(seen.shape[:2])).flatten())
            places.append(place)
        values = own.new_zeros(there.numel()).index_copy(0, torch.cat(places), torch.cat(parts))
        return values.reshape(*leading, own.shape[1])

    def _values(self, entities: Tensor, own: Tensor, mask: Tensor) -> Tensor:
        """The same for ``M`` moments, of the agents ``[M, N_c, F]``, those that fit the cache at a time."""
        largest = max(1, own.shape[1] * entities.shape[1] * self.width)
        return by_parts(self._values_of_part, PART_ELEMENTS // largest, entities, own, mask)

    def _values_of_part(self, entities: Tensor, own: Tensor, mask: Tensor) -> Tensor:
        """The same for ``M`` moments that fit the cache."""
        moved = self.plane.kinematics
        offset = entities[..., None, :, :moved] - own[..., None, :moved]
        kind = entities[..., None, :, moved:].expand(*offset.shape[:-1], -1)
        distance = offset[..., : self.plane.position].square().sum(-1, keepdim=True).sqrt()
        seen = torch.cat([self.squash(offset), self.squash(distance), kind], -1)  # [..., N_c, S, F + 1]
        embedded = self.embed(seen)
        there = mask.to(embedded)[..., None, :]  # [..., 1, S]
        number = there.sum(-1).clamp(min=1)
        # as a product with the mask's row: no copy of the embeddings with zeros where nothing is
        mean = ((there / number[..., None])[..., None, :] @ embedded).squeeze(-2)
        scale = number.log()[..., None].expand(*own.shape[:-1], 1)
        context = torch.cat([mean, self.squash(own[..., :moved]), own[..., moved:], scale], -1)
        return self.head(context).squeeze(-1)


class AgentCritic(nn.Module):
    r"""Pool what all agents see, those of other sides too, into the value of some, where there are no entities.

    .. math::
        V_i = \mathrm{head}\Big(\frac{1}{N} \sum_{j \le N} e_j, e_i, \log N\Big), \quad
            e_j = \mathrm{embed}_{c_j}(o_j)

    over the ``N`` agents that are alive, for features :math:`o` and class :math:`c`. Mean and number together let any
    team size do. Reference: Zaheer et al., "Deep Sets", https://arxiv.org/abs/1703.06114, theorem 2.

    Args:
        roster: widths of the features of each class.
        config: shape.

    Shapes:
        Features ``[..., N_c, D_c]`` of each class and ``alive`` ``[..., N]`` to ``[..., M]``.
    """

    def __init__(self, roster: Roster, config: CriticConfig) -> None:
        super().__init__()
        self.squash, hidden = _squash(config), config.entity_hidden
        classes = roster.classes + roster.others
        self.embed = nn.ModuleDict({c.name: MLP((c.width, *hidden), config.activation) for c in classes})
        self.head = MLP((2 * hidden[-1] + 1, *config.hidden, 1), config.activation, output_gain=1.0)

    def forward(self, features: Mapping[str, Tensor], alive: Tensor, agents: slice) -> Tensor:
        """Values of some of the agents.

        Args:
            features: for each class ``[..., N_c, D_c]``.
            alive: ``[..., N]``.
            agents: their slice of the agent axis.

        Returns:
            ``[..., M]``.
        """
        embedded = torch.cat([self.embed[name](self.squash(x)) for name, x in features.items()], -2)
        there = alive.to(embedded)[..., None]
        number = there.sum(-2, keepdim=True).clamp(min=1)
        mean = (embedded * there).sum(-2, keepdim=True) / number
        own = embedded[..., agents, :]
        parts = [mean.expand_as(own), own, number.log().expand(*own.shape[:-1], 1)]
        return self.head(torch.cat(parts, -1)).squeeze(-1)


class StateCritic(nn.Module):
    r"""Join the environment's own state and what an agent sees into the agent's value.

    .. math:: V_i = \mathrm{head}(\mathrm{state}(s), \mathrm{embed}_{c_i}(o_i))

    for features :math:`o` and class :math:`c`; an image goes through a convolutional network first, see `ImageEncoder`.
    Reference: Yu et al., "The Surprising Effectiveness of PPO in Cooperative, Multi-Agent Games",
    https://arxiv.org/abs/2103.01955, section 5.2, the agent-specific global state.

    Args:
        roster: shape of the state, and widths of the features of each class.
        config: shape.

    Shapes:
        Features ``[..., N_c, D_c]`` of each class and a state ``[..., D]`` or ``[..., C, H, W]`` to ``[..., M]``.
    """

    def __init__(self, roster: Roster, config: CriticConfig) -> None:
        super().__init__()
        self.squash, hidden = _squash(config), config.entity_hidden
        image = roster.state if len(roster.state) == 3 else None
        self.cnn = None if image is None else image_network(image, hidden[0])
        self.state = MLP((roster.state[0] if image is None else hidden[0], *hidden), config.activation)
        self.embed = nn.ModuleDict({c.name: MLP((c.width, *hidden), config.activation) for c in roster.classes})
        self.head = MLP((2 * hidden[-1], *config.hidden, 1), config.activation, output_gain=1.0)

    def forward(self, features: Mapping[str, Tensor], state: Tensor, agents: slice) -> Tensor:
        """Values of some of the agents.

        Args:
            features: for each class ``[..., N_c, D_c]``.
            state: ``[..., D]`` or ``[..., C, H, W]``.
            agents: their slice of the agent axis.

        Returns:
            ``[..., M]``.
        """
        own = torch.cat([self.embed[name](self.squash(x)) for name, x in features.items()], -2)[..., agents, :]
        read = self.squash(state) if self.cnn is None else read_images(self.cnn, state)
        whole = self.state(read)[..., None, :]
        return self.head(torch.cat([whole.expand_as(own), own], -1)).squeeze(-1)


class Critic(nn.Module):
    """The critics of a team: centralised over a state, entities, or what all see, or each agent's on its own features.

    Reference: Lowe et al., "Multi-Agent Actor-Critic for Mixed Cooperative-Competitive Environments",
    https://arxiv.org/abs/1706.02275, section 4.1; equations: `StateCritic`, `EntityCritic` and `AgentCritic`.

    Args:
        roster: its classes, and the width of its entities.
        config: shape.

    Shapes:
        An observation of any leading axes to ``[..., N]``.
    """

    def __init__(self, roster: Roster, config: CriticConfig) -> None:
        super().__init__()
        self.config, self.squash = config, _squash(config)
        if config.sharing == "independent":
            self.networks = nn.ModuleDict(
                {c.name: MLP((c.width, *config.hidden, 1), config.activation, output_gain=1.0) for c in roster.classes}
            )
            return
        names = ["team"] if config.sharing == "team" else [c.name for c in roster.classes]
        self.networks = nn.ModuleDict({name: _centralised(roster, config) for name in names})

    def forward(self, observation: Observation) -> Tensor:
        """Values ``[..., N]`` of every agent."""
        if self.config.sharing == "independent":
            values = [self.networks[name](self.squash(x)).squeeze(-1) for name, x in observation.features.items()]
            return torch.cat(values, -1)
        seen: tuple[Any, Tensor] = observation.features, observation.alive
        if observation.state is not None:
            seen = observation.features, observation.state
        elif observation.entities is not None:
            seen = observation.entities, observation.present_entities
        elif (others := observation.others) is not None:
            seen = {**observation.features, **others.features}, torch.cat([observation.alive, others.alive], -1)
        if self.config.sharing == "team":
            return self.networks["team"](*seen, slice(0, observation.alive.shape[-1]))
        values, start = [], 0
        for name, features in observation.features.items():
            agents = slice(start, start + features.shape[-2])
            values.append(self.networks[name](*seen, agents))
            start = agents.stop
        return torch.cat(values, -1)

    @torch.no_grad()
    def rescale(self, scale: Tensor, shift: Tensor) -> None:
        """Change the last layers so that every value ``v`` becomes ``scale v + shift``."""
        for network in self.networks.values():
            head = network.head if isinstance(network, StateCritic | EntityCritic | AgentCritic) else network
            *_, last = head.children()
            assert isinstance(last, nn.Linear)
            last.weight.mul_(scale)
            last.bias.mul_(scale).add_(shift)

    def extra_repr(self) -> str:
        """Sharing of parameters."""
        return f"sharing={self.config.sharing}"


def _centralised(roster: Roster, config: CriticConfig) -> nn.Module:
    if roster.state:
        return StateCritic(roster, config)
    if roster.entity_size and roster.plane is not None:
        return EntityCritic(roster.entity_size, roster.plane, config)
    return AgentCritic(roster, config)


def _squash(config: CriticConfig) -> Callable[[Tensor], Tensor]:
    return symlog if config.squash else _as_it_is


def _as_it_is(x: Tensor) -> Tensor:
    return x
