"""Class-shared actors: from an agent's embedding to the distribution of its action."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from marl.core.roster import ActionSpec
from marl.maths.distributions import Categorical, DiagonalGaussian, Distribution
from marl.networks.configs import ActorConfig
from marl.networks.mlp import MLP

__all__ = ["Actor"]


class Actor(nn.Module):
    r"""The actor of one class.

    .. math::
        a \sim \mathrm{Categorical}(f(h)) \quad\text{or}\quad a \sim \mathcal N(f(h), \mathrm{diag}(\sigma^2))

    ``sigma``, 1 at first, is the same everywhere; bounds are -1 and 1. A bounded mean is ``tanh f(h)``.
    Reference: Huang et al., "The 37 Implementation Details of Proximal Policy Optimization",
    https://iclr-blog-track.github.io/2022/03/25/ppo-implementation-details/, details 2 and, for continuous actions,
    1 to 3.

    Args:
        width: ``D`` of the embedding.
        action: the actions of an agent of the class.
        config: shape.

    Shapes:
        Embedding ``[..., N_c, D]`` and mask ``[..., N_c, A]`` to a distribution over ``[..., N_c]`` of int64, or
        over ``[..., N_c, A]`` of float.
    """

    def __init__(self, width: int, action: ActionSpec, config: ActorConfig) -> None:
        super().__init__()
        self.action, self.bounded = action, config.bounded
        self.network = MLP((width, *config.hidden, action.size), config.activation, output_gain=0.01)
        if action.kind == "continuous":
            self.log_std = nn.Parameter(torch.empty(action.size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the deviation of continuous actions to 1, half the distance of their bounds."""
        if self.action.kind == "continuous":
            nn.init.zeros_(self.log_std)

    def forward(self, embedding: Tensor, action_mask: Tensor | None) -> Distribution:
        """Distribution of each agent's action.

        Args:
            embedding: ``[..., N_c, D]``.
            action_mask: ``[..., N_c, A]``, True = legal; or None.
        """
        output = self.network(embedding)
        if self.action.kind == "discrete":
            return Categorical.of(output, action_mask)
        # from a mean far beyond a bound no action is drawn that is not cut to it, and nothing else is ever learnt there
        return DiagonalGaussian(output.tanh() if self.bounded else output, self.log_std)

    def extra_repr(self) -> str:
        """Kind and number of actions."""
        return f"{self.action.kind}, {self.action.size}"
