"""Target networks: copies that follow a network, so that what is trained towards stands still for a while."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["copy_parameters", "move_towards"]


@torch.no_grad()
def copy_parameters(target: nn.Module, network: nn.Module) -> None:
    """Give the target the network's parameters."""
    torch._foreach_copy_(list(target.parameters()), list(network.parameters()))


@torch.no_grad()
def move_towards(target: nn.Module, network: nn.Module, rate: float) -> None:
    """Move the target's parameters a share ``rate`` of the way to the network's."""
    torch._foreach_lerp_(list(target.parameters()), list(network.parameters()), rate)
