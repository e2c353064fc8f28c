"""Mixers: from values of each agent's action to values of the team's."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from marl.core.records import Observation
from marl.core.roster import Plane, Roster
from marl.maths.symlog import symlog
from marl.networks.configs import MixerConfig
from marl.networks.mlp import MLP

__all__ = ["QMIX", "VDN", "Independent", "Mixer", "make_mixer"]


class Mixer(nn.Module, ABC):
    """From values of ``N`` agents to those of ``G`` groups: every agent by itself, or the whole team.

    Shapes:
        Values ``[M, N]`` with an observation ``[M, ...]`` to ``[M, G]``.
    """

    apart = False
    """True if every agent is a group by itself."""

    @abstractmethod
    def forward(self, q_value: Tensor, observation: Observation) -> Tensor:
        """Values of the groups.

        Args:
            q_value: ``[M, N]`` of the actions taken, or of the greedy ones.
            observation: ``[M, ...]``, in which they are taken.

        Returns:
            ``[M, G]``.
        """

    @abstractmethod
    def reward(self, reward: Tensor, alive: Tensor) -> Tensor:
        """Rewards of the groups ``[M, G]`` from those of the agents ``[M, N]``."""

    @abstractmethod
    def everyone(self, flag: Tensor) -> Tensor:
        """``[M, G]``, where all agents of the group have a flag ``[M, N]``."""


class Independent(Mixer):
    """Every agent by itself: ``G = N``."""

    apart = True

    def forward(self, q_value: Tensor, observation: Observation) -> Tensor:
        """The same values; see `Mixer`."""
        return q_value

    def reward(self, reward: Tensor, alive: Tensor) -> Tensor:
        """The same rewards; see `Mixer`."""
        return reward

    def everyone(self, flag: Tensor) -> Tensor:
        """The same flags; see `Mixer`."""
        return flag


class _Team(Mixer):
    """The whole team: ``G = 1``; its reward is the mean of those of its agents."""

    def reward(self, reward: Tensor, alive: Tensor) -> Tensor:
        """Mean over the agents that are there; see `Mixer`."""
        number = alive.sum(-1, keepdim=True).clamp(min=1)
        return reward.masked_fill(~alive, 0.0).sum(-1, keepdim=True) / number

    def everyone(self, flag: Tensor) -> Tensor:
        """True where all have it; see `Mixer`."""
        return flag.all(-1, keepdim=True)


class VDN(_Team):
    r"""The team's value is the sum: :math:`Q = \sum_i Q_i`.

    Reference: Sunehag et al., "Value-Decomposition Networks For Cooperative Multi-Agent Learning",
    https://arxiv.org/abs/1706.05296.
    """

    def forward(self, q_value: Tensor, observation: Observation) -> Tensor:
        """Sum over the agents that are to move; see `Mixer`."""
        return q_value.masked_fill(~observation.to_move, 0.0).sum(-1, keepdim=True)


class QMIX(_Team):
    r"""The team's value rises with each agent's, by weights that depend on the state.

    .. math::
        Q = \mathrm{elu}\Big(\sum_i |w_i(s)| Q_i + b(s)\Big) \cdot |v(s)| + c(s)

    Reference: Rashid et al., "QMIX: Monotonic Value Function Factorisation for Deep Multi-Agent
    Reinforcement Learning", https://arxiv.org/abs/1803.11485. Here an agent's weights come from its own
    entity beside the mean over all entities, so that any number of agents can be mixed. Positions are taken from
    the mean of the agents that are there.

    Args:
        entity_size: ``F``, kinematics first.
        plane: the coordinates of the kinematics.
        config: shape.
    """

    def __init__(self, entity_size: int, plane: Plane, config: MixerConfig) -> None:
        super().__init__()
        self.plane = plane
        self.embed = MLP((entity_size, *config.hidden))
        state = config.hidden[-1] + 1
        self.agent_weight = nn.Linear(config.hidden[-1] + state, config.width)
        self.bias = nn.Linear(state, config.width)
        self.weight = nn.Linear(state, config.width)
        self.offset = MLP((state, config.width, 1), output_gain=1.0)

    def forward(self, q_value: Tensor, observation: Observation) -> Tensor:
        """The monotonic function of the agents that are to move; see `Mixer`."""
        assert observation.entities is not None
        alive, there = observation.alive, observation.present_entities
        embedded = self.embed(self._seen(observation.entities, alive))  # [M, S, D]
        number = there.sum(-1, keepdim=True).clamp(min=1)
        mean = embedded.masked_fill(~there[..., None], 0.0).sum(-2) / number
        state = torch.cat([mean, number.log()], -1)
        own = embedded[..., : alive.shape[-1], :]
        around = state[..., None, :].expand(*own.shape[:-1], -1)
        # weights without a sign keep the team's value rising with each agent's: each can act greedily by itself
        weights = self.agent_weight(torch.cat([own, around], -1)).abs()  # [M, N, width]
        summed = (weights * q_value.masked_fill(~observation.to_move, 0.0)[..., None]).sum(-2)
        hidden = functional.elu(summed + self.bias(state))
        return (hidden * self.weight(state).abs()).sum(-1, keepdim=True) + self.offset(state)

    def _seen(self, entities: Tensor, alive: Tensor) -> Tensor:
        """Entities ``[M, S, F]``, squashed, with positions from the middle of the living agents."""
        place, moved = self.plane.position, self.plane.kinematics
        agents = entities[..., : alive.shape[-1], :place]
        there = alive[..., None].to(entities)
        centre = (agents * there).sum(-2, keepdim=True) / there.sum(-2, keepdim=True).clamp(min=1)
        position = symlog(entities[..., :place] - centre)
        return torch.cat([position, symlog(entities[..., place:moved]), entities[..., moved:]], -1)


def make_mixer(roster: Roster, config: MixerConfig) -> Mixer:
    """Make the mixer that a configuration describes.

    Args:
        roster: the width of its entities.
        config: shape.

    Raises:
        ValueError: if QMIX is asked for without entities.
    """
    if config.kind == "qmix":
        if not roster.entity_size or roster.plane is None:
            raise ValueError("mixer.kind is 'qmix', but this environment gives no entities; use 'vdn' or 'none'")
        return QMIX(roster.entity_size, roster.plane, config)
    return VDN() if config.kind == "vdn" else Independent()
