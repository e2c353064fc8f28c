"""Dynamics of simple_tag: thrust, friction, collisions, largest speeds."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from marl.envs.simple_tag.scene import OBSTACLE_RADIUS, PREDATOR_RADIUS, PREY_RADIUS

__all__ = ["Motion"]

TIME_STEP = 0.1
DAMPING = 0.25
CONTACT_FORCE = 100.0
CONTACT_MARGIN = 1e-3
PREDATOR_ACCELERATION, PREY_ACCELERATION = 3.0, 4.0
PREDATOR_MAX_SPEED, PREY_MAX_SPEED = 1.0, 1.3


class Motion:
    """Dynamics of ``N`` predators, ``P`` prey and ``L`` obstacles; ``M = N + P``, ``E = M + L``.

    With positions ``p``, velocities ``v``, thrust ``u`` of acceleration ``a`` and time step ``h = 0.1 s``::

        d      = radius_i + radius_j - |p_i - p_j|
        f_i    = a_i u_i + sum_j 100 * 0.001 * softplus(d / 0.001) * (p_i - p_j) / |p_i - p_j|
        p_i'   = p_i + h v_i
        v_i'   = 0.75 v_i + h f_i, cut to the largest speed

    Masses are 1. The dynamics equal those of mpe2 1.1 (https://github.com/Farama-Foundation/MPE2,
    ``mpe2/_mpe_utils/core.py``).

    Args:
        predators: ``N``.
        prey: ``P``.
        obstacles: ``L``.
        dtype: type of positions and velocities.
        device: device of the tensors.
    """

    def __init__(self, predators: int, prey: int, obstacles: int, dtype: torch.dtype, device: torch.device) -> None:
        def make(of_predator: float, of_prey: float, of_obstacle: list[float]) -> Tensor:
            return torch.tensor([of_predator] * predators + [of_prey] * prey + of_obstacle, dtype=dtype, device=device)

        movable = predators + prey
        radius = make(PREDATOR_RADIUS, PREY_RADIUS, [OBSTACLE_RADIUS] * obstacles)
        self._reach = radius[:movable, None] + radius  # [M, E]
        self._acceleration = make(PREDATOR_ACCELERATION, PREY_ACCELERATION, [])[:, None]
        self._max_speed = make(PREDATOR_MAX_SPEED, PREY_MAX_SPEED, [])[:, None]
        self._is_prey = make(0.0, 1.0, [])[:, None]
        self._others = torch.eye(movable, movable + obstacles, device=device) == 0
        # A body is at distance 0 from itself, and absent ones from each other; their force is 0, so 0 / smallest is 0.
        self._smallest = torch.finfo(dtype).tiny

    def forces(self, there: Tensor) -> Tensor:
        """Contact force of each pair of bodies per unit of overlap; 0 if one of them is absent.

        Args:
            there: ``[B, E]``, True for bodies that are present.

        Returns:
            ``[B, M, E]``.
        """
        pairs = there[:, : len(self._others), None] & there[:, None] & self._others
        return pairs * self._acceleration.new_tensor(CONTACT_FORCE)

    def advance(
        self, position: Tensor, velocity: Tensor, direction: Tensor, forces: Tensor, prey_speed: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Integrate the motion of all movable bodies over one time step of 0.1 s.

        Args:
            position: ``[B, E, 2]``.
            velocity: ``[B, M, 2]``.
            direction: ``[B, M, 2]``, thrust of each body, in units of its acceleration.
            forces: ``[B, M, E]``, from `forces`.
            prey_speed: ``[B]``, factor on acceleration and largest speed of the prey.

        Returns:
            Positions ``[B, E, 2]`` and velocities ``[B, M, 2]`` after the step.
        """
        movable = velocity.shape[1]
        offset = position[:, :movable, None] - position[:, None]  # [B, M, E, 2]
        distance = offset.square().sum(-1).sqrt()
        # mpe2 computes log(1 + exp(x)); beyond 50 softplus returns x itself, equal to it in float64.
        penetration = softplus((self._reach - distance) / CONTACT_MARGIN, threshold=50.0) * CONTACT_MARGIN
        push = forces * penetration / distance.clamp(min=self._smallest)
        factor = torch.where(self._is_prey > 0, prey_speed.to(velocity)[:, None, None], 1.0)  # [B, M, 1]
        force = (push[..., None] * offset).sum(2) + self._acceleration * factor * direction
        # mpe2 moves by the old velocity and then changes it; the other order is another trajectory.
        moved = position[:, :movable] + TIME_STEP * velocity
        velocity = velocity * (1 - DAMPING) + TIME_STEP * force
        speed, largest = velocity.square().sum(-1, keepdim=True).sqrt(), self._max_speed * factor
        velocity = torch.where(speed > largest, velocity / speed * largest, velocity)
        return torch.cat([moved, position[:, movable:]], 1), velocity
