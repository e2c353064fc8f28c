"""Scaling of value targets and of what is seen."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from marl.core.records import Observation
from marl.core.roster import Roster

__all__ = ["FeatureNormaliser", "ValueNormaliser"]

LARGEST = 10.0


class ValueNormaliser(nn.Module):
    r"""Keeps returns at mean 0 and standard deviation 1 for the critic.

    Moments are exponential averages over rollouts, corrected for their start:
    :math:`m \leftarrow \beta m + (1 - \beta) \bar x`, used as :math:`m / (1 - \beta^k)`.
    Reference: Yu et al., "The Surprising Effectiveness of PPO in Cooperative Multi-Agent Games",
    https://arxiv.org/abs/2103.01955, section 5.1.

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
            self.register_buffer(name, torch.zeros(()))

    @torch.no_grad()
    def update(self, returns: Tensor) -> None:
        """Takes the returns of one rollout, of any shape, into the moments."""
        if self.active and returns.numel():
            self.mean.lerp_(returns.mean(), 1 - self.decay)
            self.square.lerp_(returns.square().mean(), 1 - self.decay)
            self.weight.lerp_(torch.ones_like(self.weight), 1 - self.decay)

    def _moments(self) -> tuple[Tensor, Tensor]:
        weight = self.weight.clamp(min=1e-8)
        mean = self.mean / weight
        variance = (self.square / weight - mean.square()).clamp(min=1e-4)
        return mean, torch.where(self.weight > 0, variance, torch.ones_like(variance)).sqrt()

    def normalise(self, returns: Tensor) -> Tensor:
        """From units of the return to the critic's."""
        if not self.active:
            return returns
        mean, deviation = self._moments()
        return (returns - mean) / deviation

    def restore(self, values: Tensor) -> Tensor:
        """From the critic's units to those of the return."""
        if not self.active:
            return values
        mean, deviation = self._moments()
        return values * deviation + mean


class FeatureNormaliser(nn.Module):
    r"""Brings each feature of a class to mean 0 and standard deviation 1 over all that was seen in training.

    .. math:: (x - \mu) / \sigma, \text{ cut at } \pm 10

    Small features (an angle in radians beside a position in metres) then weigh as much as large ones.
    Reference: Andrychowicz et al., "What Matters In On-Policy Reinforcement Learning?",
    https://arxiv.org/abs/2006.05990, section 3.3.

    Args:
        roster: names the classes; all its declared classes get moments.
        active: False passes everything unchanged and keeps nothing.
    """

    def __init__(self, roster: Roster, active: bool) -> None:
        super().__init__()
        self.active = active
        for c in roster.classes if active else ():
            self.register_buffer(f"number_{c.name}", torch.zeros((), dtype=torch.float64))
            self.register_buffer(f"mean_{c.name}", torch.zeros(c.feature_size))
            self.register_buffer(f"variance_{c.name}", torch.ones(c.feature_size))

    @torch.no_grad()
    def update(self, observation: Observation) -> None:
        """Takes what the living agents of a rollout saw, ``[T, B, ...]``, into the moments."""
        if not self.active:
            return
        parts = observation.alive.split([features.shape[-2] for features in observation.features.values()], -1)
        for (name, features), alive in zip(observation.features.items(), parts, strict=True):
            self._take(name, features[alive])

    def forward(self, observation: Observation) -> Observation:
        """The same observation with its features scaled."""
        if not self.active:
            return observation
        return replace(observation, features={name: self._scale(name, x) for name, x in observation.features.items()})

    def _take(self, name: str, rows: Tensor) -> None:
        number, mean, variance = (self.get_buffer(f"{what}_{name}") for what in ("number", "mean", "variance"))
        total = number + len(rows)
        if len(rows) == 0:
            return
        share, distance = len(rows) / total, rows.mean(0) - mean
        spread = rows.var(0, correction=0)
        variance.copy_((1 - share) * variance + share * spread + share * (1 - share) * distance.square())
        mean.add_(share * distance)
        number.copy_(total)

    def _scale(self, name: str, features: Tensor) -> Tensor:
        mean, variance = self.get_buffer(f"mean_{name}"), self.get_buffer(f"variance_{name}")
        scaled = (features - mean) * (variance + 1e-8).rsqrt()
        return scaled.clamp(-LARGEST, LARGEST)
