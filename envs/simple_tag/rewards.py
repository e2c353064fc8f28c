"""Contacts between predators and prey of simple_tag, and their rewards."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from marl.envs.simple_tag.scene import PREDATOR_RADIUS, PREY_RADIUS
from marl.envs.simple_tag.sides import Side
from marl.wrappers.rules.world import World

__all__ = ["CONTACT_REWARD", "Outcome", "contacts_of", "outcome_of", "prey_reward"]

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


@dataclass(frozen=True)
class Outcome:
    """Outcome of a step for the agents.

    Args:
        reward: ``[B, N]``.
        contacts: ``[B, N]``, opponents that an agent overlaps; if both sides are agents, each with the predator alone.
        earned: ``[B, N]``, each predator's own contribution, and the reward of each prey, who share none; None if only
            prey are agents.
    """

    reward: Tensor
    contacts: Tensor
    earned: Tensor | None


def outcome_of(world: World, contacts: Tensor, side: Side, both: bool = False) -> Outcome:
    """Rewards of the agents: every predator shares those of all contacts, and each prey has its own.

    Args:
        world: the world after the step.
        contacts: ``[B, N, P]``, from `contacts_of`.
        side: side of the agents.
        both: True if the prey are agents as well, after the predators.
    """
    if side == "prey":
        assert world.prey_alive is not None
        return Outcome(prey_reward(world, contacts) * world.prey_alive, contacts.sum(1), None)
    touched = contacts.sum(2)
    reward, earned = (contacts.sum((1, 2)) * CONTACT_REWARD)[:, None] * world.alive, touched * CONTACT_REWARD
    if not both:
        return Outcome(reward, touched, earned)
    hunted = outcome_of(world, contacts, "prey")
    parts = (reward, hunted.reward), (touched, torch.zeros_like(hunted.contacts)), (earned, hunted.reward)
    return Outcome(*(torch.cat(pair, 1) for pair in parts))
