"""Scripted predators, the opponents of prey that learn."""

from __future__ import annotations

import torch
from torch import Tensor

from marl.wrappers.rules.prey import PreyPolicy
from marl.wrappers.rules.prey import random as random_prey
from marl.wrappers.rules.prey import still as still_prey
from marl.wrappers.rules.world import World
from marl.wrappers.rules.world import chase as chase_nearest

__all__ = ["PREDATORS", "chase", "random", "still"]


def chase(world: World, generator: torch.Generator) -> Tensor:
    """Greedy chase of the nearest prey that is present, `marl.wrappers.rules.world.chase`; ``[B, N]``."""
    prey = torch.cat([world.prey_position, world.prey_velocity], -1)
    # At infinite distance an absent prey is never the nearest.
    if world.prey_alive is not None:
        prey = prey.masked_fill(~world.prey_alive[..., None], torch.inf)
    return chase_nearest(world.kinematics, prey)


def random(world: World, generator: torch.Generator) -> Tensor:
    """One of the five actions with equal probability; ``[B, N]``."""
    return random_prey(world.mirrored, generator)


def still(world: World, generator: torch.Generator) -> Tensor:
    """No thrust, action 0; ``[B, N]``."""
    return still_prey(world.mirrored, generator)


PREDATORS: dict[str, PreyPolicy] = {"chase": chase, "random": random, "still": still}
"""The scripted predators by name."""
