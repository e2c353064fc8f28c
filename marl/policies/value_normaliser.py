"""Scaling of value targets."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["ValueNormaliser"]


class ValueNormaliser(nn.Module):
    r"""Keep returns at mean 0 and standard deviation 1 for the critic.

    Moments are exponential averages over rollouts, corrected for their start:
    :math:`m \leftarrow \beta m + (1 - \beta) \bar x`, used as :math:`m / (1 - \beta^k)`.
    Reference: Yu et al., "The Surprising Effectiveness of PPO in Cooperative Multi-Agent Games",
    https://arxiv.org/abs/2103.01955, section 5.1.

    All is computed in float64: squares of finite float32 numbers stay finite there.

    Args:
        active: False passes everything unchanged.
        decay: :math:`\beta`.
    """

    mean: Tensor
    square: Tensor
    weight: Tensor

    def __init__(self, active: bool, decay: float = 0.95) -> None:
        super().__init__()
        self.active, self.decay = active, decay
        for name in ("mean", "square", "weight"):
            self.register_buffer(name, torch.zeros((), dtype=torch.float64))

    @torch.no_grad()
    def update(self, returns: Tensor) -> None:
        """Take the returns of one rollout, of any shape, into the moments."""
        if self.active and returns.numel():
            returns = returns.double()
            self.mean.lerp_(returns.mean(), 1 - self.decay)
            self.square.lerp_(returns.square().mean(), 1 - self.decay)
            self.weight.lerp_(torch.ones_like(self.weight), 1 - self.decay)

    def normalise(self, returns: Tensor) -> Tensor:
        """From units of the return to the critic's."""
        if not self.active:
            return returns
        mean, deviation = self.moments()
        return ((returns.double() - mean) / deviation).to(returns.dtype)

    def restore(self, values: Tensor) -> Tensor:
        """From the critic's units to those of the return."""
        if not self.active:
            return values
        mean, deviation = self.moments()
        return (values.double() * deviation + mean).to(values.dtype)

    def moments(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the returns of late; 0 and 1 before there are any."""
        weight = self.weight.clamp(min=1e-8)
        mean = self.mean / weight
        variance = (self.square / weight - mean.square()).clamp(min=1e-4)
        return mean, torch.where(self.weight > 0, variance, torch.ones_like(variance)).sqrt()

    def extra_repr(self) -> str:
        """Settings ``active`` and ``decay``."""
        return f"active={self.active}, decay={self.decay}"
