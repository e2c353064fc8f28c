"""Contacts between predators and prey of simple_tag, and their rewards."""

from __future__ import annotations

import torch
from torch import Tensor

from marl.envs.simple_tag.scene import PREDATOR_RADIUS, PREY_RADIUS
from marl.wrappers.rules.world import World

__all__ = ["CONTACT_REWARD", "contacts_of", "prey_reward"]

CONTACT_REWARD = 10.0
"""Reward of a predator, and penalty of a prey, for each contact at a step, as in mpe2."""


def contacts_of(world: World) -> Tensor:
    """Contacts ``[B, N, P]``: 1 for each pair that is present and overlaps, else 0."""
    offset = world.predator_position[:, :, None] - world.prey_position[:, None]
    touching = offset.square().sum(-1).sqrt() < PREDATOR_RADIUS + PREY_RADIUS
    there = world.alive[..., None]
    if world.prey_alive is not None:
        there = there & world.prey_alive[:, None]
    return (touching & there).to(world.position.dtype)


def prey_reward(world: World, contacts: Tensor) -> Tensor:
    """Reward of each prey as in mpe2: -10 for each predator on it, less a penalty for leaving the arena.

    The penalty is a sum over coordinates ``x = |p| / extent``: 0 below 0.9, ``10 (x - 0.9)`` below 1, and
    ``min(exp(2 x - 2), 10)`` beyond. See ``bound`` in mpe2's ``simple_tag.py``; its arena has extent 1.

    Args:
        world: the world after the step.
        contacts: ``[B, N, P]``, from `contacts_of`.

    Returns:
        ``[B, P]``.
    """
    x = world.prey_position.abs() / world.extent
    outside = torch.where(x < 1.0, (x - 0.9) * 10, (2 * x - 2).exp().clamp(max=10.0))
    penalty = torch.where(x < 0.9, torch.zeros_like(x), outside).sum(-1)
    return -CONTACT_REWARD * contacts.sum(1) - penalty
