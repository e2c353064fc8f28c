"""Critics: the value of each agent's situation, for any team size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from marl.core.config import Config, Width
from marl.core.records import Observation
from marl.core.roster import Roster
from marl.maths.symlog import symlog
from marl.networks.mlp import MLP, Activation

__all__ = ["STATE_SIZE", "Critic", "CriticConfig"]

STATE_SIZE = 4


class CriticConfig(Config):
    """Shape of the critic."""

    sharing: Literal["class", "team", "independent"] = "class"
    """One centralised critic a class, one for the team, or each agent on its own features."""
    hidden: tuple[Width, ...] = (64, 64)
    """Widths of the layers after the entities are pooled (or on an agent's own features)."""
    entity_hidden: tuple[Width, ...] = Field((64, 64), min_length=1)
    """Widths of the layers on each entity as an agent sees it."""
    activation: Activation = "relu"
    """Activation after each layer."""
    squash: bool = True
    """Squash what is seen by sign(x) log(1 + |x|) first, as the encoder does."""


class EntityCritic(nn.Module):
    """Pools everything there is, as each agent sees it, into the agent's value.

    Each entity enters with its position and velocity relative to the agent and its kind; the
    embeddings are pooled by mean, with their number beside it, so any number of entities will do.

    Args:
        entity_size: ``F``, position and velocity first.
        config: shape.
    """

    def __init__(self, entity_size: int, config: CriticConfig) -> None:
        super().__init__()
        self.squash = _squash(config)
        self.embed = MLP((entity_size + 1, *config.entity_hidden), config.activation)
        pooled = config.entity_hidden[-1] + entity_size + 1
        self.head = MLP((pooled, *config.hidden, 1), config.activation, output_gain=1.0)

    def forward(self, entities: Tensor, mask: Tensor, agents: slice) -> Tensor:
        """Values of some of the agents.

        Args:
            entities: ``[..., S, F]``, the agents first.
            mask: ``[..., S]``, True for entities that are there.
            agents: which of them.

        Returns:
            ``[..., N_c]``.
        """
        own = entities[..., agents, :]
        offset = entities[..., None, :, :STATE_SIZE] - own[..., None, :STATE_SIZE]
        kind = entities[..., None, :, STATE_SIZE:].expand(*offset.shape[:-1], -1)
        distance = offset[..., :2].square().sum(-1, keepdim=True).sqrt()
        seen = torch.cat([self.squash(offset), self.squash(distance), kind], -1)  # [..., N_c, S, F + 1]
        embedded = self.embed(seen)
        there = mask.to(embedded)[..., None, :]  # [..., 1, S]
        number = there.sum(-1).clamp(min=1)
        mean = ((there / number[..., None])[..., None, :] @ embedded).squeeze(-2)
        scale = number.log()[..., None].expand(*own.shape[:-1], 1)
        context = torch.cat([mean, self.squash(own[..., :STATE_SIZE]), own[..., STATE_SIZE:], scale], -1)
        return self.head(context).squeeze(-1)


class Critic(nn.Module):
    """The critics of a team.

    Args:
        roster: names the classes.
        entity_size: ``F`` of the entities; 0 if the environment gives none.
        config: shape.

    Raises:
        ValueError: if a centralised critic is asked for without entities.
    """

    def __init__(self, roster: Roster, entity_size: int, config: CriticConfig) -> None:
        super().__init__()
        self.config, self.squash = config, _squash(config)
        if config.sharing == "independent":
            self.networks = nn.ModuleDict(
                {
                    c.name: MLP((c.feature_size, *config.hidden, 1), config.activation, output_gain=1.0)
                    for c in roster.classes
                }
            )
            return
        if entity_size == 0:
            raise ValueError(
                f"critic.sharing is {config.sharing!r}, but this environment gives no entities; use 'independent'"
            )
        names = ["team"] if config.sharing == "team" else [c.name for c in roster.classes]
        self.networks = nn.ModuleDict({name: EntityCritic(entity_size, config) for name in names})

    def forward(self, observation: Observation) -> Tensor:
        """Values ``[..., N]`` of every agent."""
        if self.config.sharing == "independent":
            values = [self.networks[name](self.squash(x)).squeeze(-1) for name, x in observation.features.items()]
            return torch.cat(values, -1)
        assert observation.entities is not None and observation.entity_mask is not None
        entities, mask = observation.entities, observation.entity_mask
        if self.config.sharing == "team":
            return self.networks["team"](entities, mask, slice(0, observation.alive.shape[-1]))
        values, start = [], 0
        for name, features in observation.features.items():
            agents = slice(start, start + features.shape[-2])
            values.append(self.networks[name](entities, mask, agents))
            start = agents.stop
        return torch.cat(values, -1)


def _squash(config: CriticConfig) -> Callable[[Tensor], Tensor]:
    return symlog if config.squash else _as_it_is


def _as_it_is(x: Tensor) -> Tensor:
    return x
