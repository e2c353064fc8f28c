"""State of simple_tag as tensors, and functions of it alone.

The PettingZoo wrappers and the batched simulator describe their worlds with this record and call
the same rules on it, so that each rule is written once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from marl.core.record_fields import Record
from marl.maths.symlog import symlog

__all__ = ["DIRECTIONS", "World", "chase", "entities", "entity_size", "nearest_prey"]

DIRECTIONS = ((0.0, 0.0), (-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0))
"""Unit direction of each discrete action: stay, left, right, down, up (mpe2's order)."""


@dataclass(frozen=True)
class World(Record):
    """Positions and velocities of ``N`` predators, ``P`` prey and ``L`` obstacles; ``E = N + P + L``.

    Args:
        position: ``[B, E, 2]``, predators first, then prey, then obstacles.
        velocity: ``[B, N + P, 2]``, units of length a second.
        alive: ``[B, N]``, True for predators that are present.
        num_prey: ``P``.
        prey_alive: ``[B, P]``, True for prey that are present; None if all are.
        extent: half the width of the square in which episodes begin.
    """

    position: Tensor
    velocity: Tensor
    alive: Tensor
    num_prey: int
    prey_alive: Tensor | None = None
    extent: float = 1.0

    @property
    def num_predators(self) -> int:
        """Number of predators, ``N``."""
        return self.alive.shape[-1]

    @cached_property
    def predator_position(self) -> Tensor:
        """Positions of the predators, ``[B, N, 2]``."""
        return self.position[..., : self.num_predators, :]

    @cached_property
    def predator_velocity(self) -> Tensor:
        """Velocities of the predators, ``[B, N, 2]``."""
        return self.velocity[..., : self.num_predators, :]

    @cached_property
    def prey_position(self) -> Tensor:
        """Positions of the prey, ``[B, P, 2]``."""
        return self.position[..., self.num_predators : self.num_predators + self.num_prey, :]

    @cached_property
    def prey_velocity(self) -> Tensor:
        """Velocities of the prey, ``[B, P, 2]``."""
        return self.velocity[..., self.num_predators :, :]

    @cached_property
    def landmark_position(self) -> Tensor:
        """Positions of the obstacles, ``[B, L, 2]``."""
        return self.position[..., self.num_predators + self.num_prey :, :]

    @cached_property
    def mirrored(self) -> World:
        """The same world with predators and prey exchanged, so that rules written for predators serve prey too."""
        predators, movable = self.num_predators, self.num_predators + self.num_prey
        split = lambda x: (x[..., :predators, :], x[..., predators:movable, :], x[..., movable:, :])  # noqa: E731
        swap = lambda hunter, hunted, rest: torch.cat([hunted, hunter, rest], -2)  # noqa: E731
        prey_alive = self.alive.new_ones(*self.alive.shape[:-1], self.num_prey)
        return World(
            position=swap(*split(self.position)),
            velocity=swap(*split(self.velocity)),
            alive=prey_alive if self.prey_alive is None else self.prey_alive,
            num_prey=predators,
            prey_alive=self.alive,
            extent=self.extent,
        )

    @cached_property
    def at_rest(self) -> World:
        """The same places without velocities: all are 0."""
        return replace(self, velocity=torch.zeros_like(self.velocity))

    @cached_property
    def kinematics(self) -> Tensor:
        """Position and velocity of the predators, ``[B, N, 4]``."""
        return torch.cat([self.predator_position, self.predator_velocity], -1)


def entity_size(num_classes: int) -> int:
    """Width ``F`` of an entity: position, velocity, and the one-hot of classes, prey, obstacle."""
    return 4 + num_classes + 2


def entities(world: World, kinds: Tensor) -> tuple[Tensor, Tensor]:
    """All entities of a world, for the centralised critic.

    Args:
        world: with leading axis ``[B]``.
        kinds: ``[E, C + 2]``, the one-hot of each entity's kind (see `entity_kinds`).

    Returns:
        Entities ``[B, E, F]`` and their mask ``[B, E]``, True for those that are present.
    """
    batch, num_entities = world.position.shape[0], world.position.shape[1]
    # Obstacles have no velocity of their own in the record; here each entity has the same columns.
    still = world.velocity.new_zeros(batch, num_entities - world.velocity.shape[1], 2)
    velocity = torch.cat([world.velocity, still], 1)
    table = torch.cat([world.position, velocity, kinds.expand(batch, -1, -1)], -1)
    hunted = world.alive.new_ones(batch, world.num_prey) if world.prey_alive is None else world.prey_alive
    obstacles = world.alive.new_ones(batch, num_entities - world.num_predators - world.num_prey)
    return table, torch.cat([world.alive, hunted, obstacles], 1)


def entity_kinds(class_indices: tuple[int, ...], num_classes: int, num_prey: int, num_obstacles: int) -> Tensor:
    """One-hot of the kind of each entity: its class, prey, or obstacle.

    Args:
        class_indices: index of the class of each of the ``N`` predators.
        num_classes: ``C``.
        num_prey: ``P``.
        num_obstacles: ``L``.

    Returns:
        ``[N + P + L, C + 2]``.
    """
    kinds = list(class_indices) + [num_classes] * num_prey + [num_classes + 1] * num_obstacles
    return torch.nn.functional.one_hot(torch.tensor(kinds), num_classes + 2).float()


def nearest_prey(world: World) -> Tensor:
    """Offset from each predator to its nearest prey that is present, squashed by `marl.maths.symlog.symlog`.

    Returns:
        ``[B, N, 2]``.
    """
    offset = world.prey_position[:, None] - world.predator_position[:, :, None]
    # One prey needs no search; this is the usual case and called at every step.
    if world.num_prey == 1:
        return symlog(offset[:, :, 0])
    distance = offset.square().sum(-1)
    if world.prey_alive is not None:
        distance = distance.masked_fill(~world.prey_alive[:, None], torch.inf)
    nearest = distance.argmin(-1)
    return symlog(offset.gather(2, nearest[..., None, None].expand(-1, -1, 1, 2)).squeeze(2))


def steer(offset: Tensor) -> Tensor:
    """Discrete action along the larger component of an offset.

    Args:
        offset: ``[..., 2]``.

    Returns:
        ``[...]``, integers 1 to 4; see `DIRECTIONS`.
    """
    x, y = offset.unbind(-1)
    along_x = torch.where(x < 0, 1, 2)
    along_y = torch.where(y < 0, 3, 4)
    return torch.where(x.abs() >= y.abs(), along_x, along_y)


def chase(predator: Tensor, prey: Tensor) -> Tensor:
    """Greedy chase: steer along the offset to the nearest prey minus 0.3 times the own velocity.

    Args:
        predator: ``[B, N, 4]``, position and velocity.
        prey: ``[B, P, 4]``, position and velocity.

    Returns:
        Discrete actions ``[B, N]``.
    """
    offset = prey[:, None, :, :2] - predator[:, :, None, :2]
    nearest = offset.square().sum(-1).argmin(-1)
    offset = offset.gather(2, nearest[..., None, None].expand(-1, -1, 1, 2)).squeeze(2)
    # Subtracting 0.3 s of the own motion makes a fast predator brake before it overshoots the prey.
    return steer(offset - 0.3 * predator[..., 2:4])
