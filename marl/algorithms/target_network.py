"""Copies of a network that follow it, for targets that stand still for a while."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import nn

from marl.core.config import Config

__all__ = ["HardTarget", "SoftTarget"]


class HardTarget(Config):
    """Becomes the network again and again."""

    kind: Literal["hard"] = "hard"
    """How it follows."""
    every: int = Field(250, ge=1)
    """Steps of the optimiser between copies."""

    def follow(self, target: nn.Module, network: nn.Module, updates: int) -> None:
        """Copies the network's parameters when it is time.

        Args:
            target: is changed.
            network: is followed.
            updates: steps of the optimiser so far.
        """
        if updates % self.every == 0:
            with torch.no_grad():
                torch._foreach_copy_(list(target.parameters()), list(network.parameters()))


class SoftTarget(Config):
    """Moves a little towards the network after each step of the optimiser.

    Reference: Lillicrap et al., "Continuous control with deep reinforcement learning",
    https://arxiv.org/abs/1509.02971, algorithm 1.
    """

    kind: Literal["soft"] = "soft"
    """How it follows."""
    rate: float = Field(0.005, gt=0, le=1)
    """Share of the way that it goes each time."""

    def follow(self, target: nn.Module, network: nn.Module, updates: int) -> None:
        """Moves the parameters towards the network's; see `HardTarget.follow`."""
        with torch.no_grad():
            torch._foreach_lerp_(list(target.parameters()), list(network.parameters()), self.rate)
