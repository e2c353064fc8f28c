"""Distributions over actions, drawn from a generator that is passed in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

__all__ = ["Categorical", "DiagonalGaussian", "Distribution", "of_legal"]


def of_legal(numbers: Tensor, action_mask: Tensor | None) -> Tensor:
    """Numbers of actions ``[..., A]``, the lowest there is in place of those that the mask has as False."""
    return numbers if action_mask is None else numbers.masked_fill(~action_mask, torch.finfo(numbers.dtype).min)


class Distribution(Protocol):
    """A distribution over the actions of each agent; leading axes ``[..., N_c]``."""

    def sample(self, generator: torch.Generator) -> Tensor:
        """Draw an action for each agent: ``[..., N_c]`` of int64, or ``[..., N_c, A]`` of float."""
        ...

    @property
    def mode(self) -> Tensor:
        """Most probable action of each agent, with the axes of `sample`."""
        ...

    def log_prob(self, action: Tensor) -> Tensor:
        """Log-probability (density) of each agent's action, ``[..., N_c]``, in nats."""
        ...

    @property
    def entropy(self) -> Tensor:
        """Entropy ``[..., N_c]``, in nats."""
        ...


@dataclass(frozen=True)
class Categorical:
    """Categorical distribution over ``A`` actions.

    Args:
        log_probs: ``[..., N_c, A]``, normalised, in nats.
    """

    log_probs: Tensor

    @classmethod
    def of(cls, logits: Tensor, action_mask: Tensor | None = None) -> Categorical:
        """Make it from unnormalised logits; actions that the mask has as False get probability zero.

        Args:
            logits: ``[..., N_c, A]``.
            action_mask: ``[..., N_c, A]``, True = legal, at least one in each row.
        """
        return cls(of_legal(logits, action_mask).log_softmax(-1))

    def sample(self, generator: torch.Generator) -> Tensor:
        """Draw ``[..., N_c]`` of int64, by inversion of the cumulative distribution."""
        cumulative = self.log_probs.exp().cumsum(-1)
        drawn = torch.rand(cumulative.shape[:-1], generator=generator, device=cumulative.device)
        below = cumulative[..., :-1] <= (drawn * cumulative[..., -1])[..., None]
        return below.sum(-1)

    @property
    def mode(self) -> Tensor:
        """Most probable actions, ``[..., N_c]`` of int64."""
        return self.log_probs.argmax(-1)

    def log_prob(self, action: Tensor) -> Tensor:
        """See `Distribution`. ``action`` is ``[..., N_c]`` of int64."""
        return self.log_probs.gather(-1, action[..., None]).squeeze(-1)

    @property
    def entropy(self) -> Tensor:
        """See `Distribution`."""
        return -(self.log_probs.exp() * self.log_probs).sum(-1)


@dataclass(frozen=True)
class DiagonalGaussian:
    """Normal distribution over vectors of ``A`` independent components.

    Args:
        mean: ``[..., N_c, A]``.
        log_std: logarithm of the standard deviation, broadcastable to ``mean``.
    """

    mean: Tensor
    log_std: Tensor

    def sample(self, generator: torch.Generator) -> Tensor:
        """Draw ``[..., N_c, A]``."""
        noise = torch.randn(self.mean.shape, generator=generator, device=self.mean.device, dtype=self.mean.dtype)
        return self.mean + self.log_std.exp() * noise

    @property
    def mode(self) -> Tensor:
        """Mean, ``[..., N_c, A]``."""
        return self.mean

    def log_prob(self, action: Tensor) -> Tensor:
        """See `Distribution`. ``action`` is ``[..., N_c, A]``."""
        standard = (action - self.mean) * (-self.log_std).exp()
        return -(0.5 * standard.square() + self.log_std + 0.5 * math.log(2 * math.pi)).sum(-1)

    @property
    def entropy(self) -> Tensor:
        """See `Distribution`."""
        return (self.log_std.expand_as(self.mean) + 0.5 * math.log(2 * math.pi * math.e)).sum(-1)
