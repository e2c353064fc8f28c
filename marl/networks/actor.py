"""Class-shared actors: from an agent's embedding to the distribution of its action."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from marl.core.config import Config, Width
from marl.core.roster import ActionSpec
from marl.maths.distributions import Categorical, DiagonalGaussian, Distribution
from marl.networks.mlp import MLP, Activation

__all__ = ["Actor", "ActorConfig"]


class ActorConfig(Config):
    """Shape of the actors."""

    hidden: tuple[Width, ...] = ()
    """Widths of the layers between embedding and logits."""
    activation: Activation = "relu"
    """Activation after each of them."""


class Actor(nn.Module):
    """The actor of one class.

    Args:
        width: ``D`` of the embedding.
        action: what an agent of the class may do.
        config: shape.
    """

    def __init__(self, width: int, action: ActionSpec, config: ActorConfig) -> None:
        super().__init__()
        self.action = action
        self.network = MLP((width, *config.hidden, action.size), config.activation, output_gain=0.01)
        if action.kind == "continuous":
            spread = (action.high - action.low) / 2
            self.middle = (action.high + action.low) / 2
            self.log_std = nn.Parameter(torch.full((action.size,), spread).log())

    def forward(self, embedding: Tensor, action_mask: Tensor | None) -> Distribution:
        """The distribution of each agent's action.

        Args:
            embedding: ``[..., N_c, D]``.
            action_mask: ``[..., N_c, A]``, True = legal; or None.
        """
        output = self.network(embedding)
        if self.action.kind == "discrete":
            return Categorical.of(output, action_mask)
        return DiagonalGaussian(output + self.middle, self.log_std)
