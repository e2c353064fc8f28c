"""Who touches whom in simple_tag, and what it is worth."""

from __future__ import annotations

import torch
from torch import Tensor

from marl.envs.simple_tag.scene import PREDATOR_RADIUS, PREY_RADIUS
from marl.wrappers.rules.world import World

__all__ = ["CONTACT_REWARD", "contacts_of", "prey_reward"]

CONTACT_REWARD = 10.0


def contacts_of(world: World) -> Tensor:
    """1 for each pair that overlaps and is there, else 0: ``[B, N, P]``."""
    offset = world.predator_position[:, :, None] - world.prey_position[:, None]
    touching = offset.square().sum(-1).sqrt() < PREDATOR_RADIUS + PREY_RADIUS
    there = world.alive[..., None]
    if world.prey_alive is not None:
        there = there & world.prey_alive[:, None]
    return (touching & there).to(world.position.dtype)


def prey_reward(world: World, contacts: Tensor) -> Tensor:
    """mpe2's reward of each prey: -10 for each predator on it, less a penalty for leaving.

    Args:
        world: of extent 1 in mpe2; the penalty grows with the distance over the extent.
        contacts: ``[B, N, P]``.

    Returns:
        ``[B, P]``.
    """
    x = world.prey_position.abs() / world.extent
    outside = torch.where(x < 1.0, (x - 0.9) * 10, (2 * x - 2).exp().clamp(max=10.0))
    penalty = torch.where(x < 0.9, torch.zeros_like(x), outside).sum(-1)
    return -CONTACT_REWARD * contacts.sum(1) - penalty
