"""One step of motion, worked out by hand; the tests of the environment compare it with mpe2."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.testing import assert_close

from marl.envs.simple_tag.motion import Motion

CPU = torch.device("cpu")


def advanced(
    motion: Motion,
    position: list[list[float]],
    velocity: list[list[float]],
    direction: list[list[float]],
    prey: float = 1,
) -> tuple[Tensor, Tensor]:
    """Positions and velocities of one copy after a step in which all bodies are present."""
    double = [torch.tensor([rows], dtype=torch.float64) for rows in (position, velocity, direction)]
    forces = motion.forces(torch.ones(1, len(position), dtype=torch.bool))
    moved, speed = motion.advance(*double, forces, torch.tensor([prey]))
    return moved[0], speed[0]


def close(found: Tensor, expected: list[list[float]]) -> None:
    assert_close(found, torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-9)


def test_bodies_move_by_the_old_velocity_and_then_take_friction_and_thrust() -> None:
    """0.75 * 0.4 + 0.1 * 3 = 0.6 for the predator, and 0.1 * 4 = 0.4 for the prey, half of it in a slow stage."""
    motion = Motion(1, 1, 0, torch.float64, CPU)
    position, velocity, thrust = [[0.0, 0.0], [5.0, 0.0]], [[0.4, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]
    moved, speed = advanced(motion, position, velocity, thrust)
    close(moved, [[0.04, 0.0], [5.0, 0.0]])
    close(speed, [[0.6, 0.0], [0.0, 0.4]])
    close(advanced(motion, position, velocity, thrust, prey=0.5)[1], [[0.6, 0.0], [0.0, 0.2]])


def test_speeds_are_cut_to_the_largest() -> None:
    """0.75 + 0.3 is over 1.0 and 0.975 + 0.4 over 1.3; a slow prey has half of 1.3."""
    motion = Motion(1, 1, 0, torch.float64, CPU)
    position, velocity, thrust = [[0.0, 0.0], [5.0, 0.0]], [[1.0, 0.0], [1.3, 0.0]], [[1.0, 0.0], [1.0, 0.0]]
    close(advanced(motion, position, velocity, thrust)[1], [[1.0, 0.0], [1.3, 0.0]])
    close(advanced(motion, position, velocity, thrust, prey=0.5)[1], [[1.0, 0.0], [0.65, 0.0]])


def test_bodies_that_overlap_push_each_other_apart() -> None:
    """Radii 0.075 + 0.05 at distance 0.1: overlap 0.025, force 2.5, velocity 0.25 after 0.1 s."""
    motion = Motion(1, 1, 0, torch.float64, CPU)
    still = [[0.0, 0.0], [0.0, 0.0]]
    moved, speed = advanced(motion, [[0.0, 0.0], [0.1, 0.0]], still, still)
    close(moved, [[0.0, 0.0], [0.1, 0.0]])
    close(speed, [[-0.25, 0.0], [0.25, 0.0]])


def test_obstacles_push_and_stay() -> None:
    """Radii 0.075 + 0.2 at distance 0.2: overlap 0.075, force 7.5."""
    motion = Motion(1, 0, 1, torch.float64, CPU)
    moved, speed = advanced(motion, [[0.0, 0.0], [0.2, 0.0]], [[0.0, 0.0]], [[0.0, 0.0]])
    close(moved, [[0.0, 0.0], [0.2, 0.0]])
    close(speed, [[-0.75, 0.0]])


def test_nothing_pushes_itself_or_what_is_absent() -> None:
    motion = Motion(2, 1, 1, torch.float64, CPU)
    forces = motion.forces(torch.tensor([[True, False, True, True]]))
    assert forces[0].tolist() == [[0, 0, 100, 100], [0, 0, 0, 0], [100, 0, 0, 100]]
