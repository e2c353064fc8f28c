from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from marl.wrappers.rules.world import World, chase, entities, entity_kinds, entity_size, nearest_prey


def test_entities_are_predators_prey_obstacles() -> None:
    position = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]])
    velocity = torch.tensor([[[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]])
    world = World(position, velocity, torch.tensor([[True, False]]), num_prey=1)
    table, mask = entities(world, entity_kinds((0, 1), 2, 1, 1))
    expected = [
        [1.0, 2.0, 0.1, 0.2, 1, 0, 0, 0],
        [3.0, 4.0, 0.3, 0.4, 0, 1, 0, 0],
        [5.0, 6.0, 0.5, 0.6, 0, 0, 1, 0],
        [7.0, 8.0, 0.0, 0.0, 0, 0, 0, 1],
    ]
    torch.testing.assert_close(table[0], torch.tensor(expected))
    assert table.shape[-1] == entity_size(2) == 8
    assert mask.tolist() == [[True, False, True, True]]


def test_nearest_prey_is_seen_from_each_predator() -> None:
    position = torch.tensor([[[0.0, 0.0], [4.0, 0.0], [1.0, 0.0], [4.0, -2.0]]])
    world = World(position, torch.zeros(1, 4, 2), torch.ones(1, 2, dtype=torch.bool), num_prey=2)
    expected = torch.tensor([[[math.log(2), 0.0], [0.0, -math.log(3)]]])
    torch.testing.assert_close(nearest_prey(world), expected)


# left 1, right 2, down 3, up 4
@pytest.mark.parametrize(
    ("predator", "prey", "action"),
    [
        ([0, 0, 0, 0], [[0.5, 0.2]], 2),
        ([0, 0, 0, 0], [[-0.5, 0.2]], 1),
        ([0, 0, 0, 0], [[0.1, 0.2]], 4),
        ([0, 0, 0, 0], [[0.1, -0.2]], 3),
        # 0.2 ahead in y, but 0.3 * 1.0 too fast: x has 0.05, y -0.1
        ([0, 0, 0, 1], [[0.05, 0.2]], 3),
        # the second prey is nearer
        ([0, 0, 0, 0], [[0.5, 0.0], [0.0, 0.4]], 4),
    ],
)
def test_chase_by_hand(predator: Any, prey: Any, action: int) -> None:
    seen = torch.tensor([[[*at, 0.0, 0.0] for at in prey]])
    assert chase(torch.tensor([[predator]], dtype=torch.float), seen).tolist() == [[action]]


def test_mirrored_by_hand() -> None:
    # two predators, the second absent; one prey; one obstacle
    position = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]])
    velocity = torch.tensor([[[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]])
    seen = World(position, velocity, torch.tensor([[True, False]]), num_prey=1).mirrored
    assert (seen.num_predators, seen.num_prey) == (1, 2)
    assert seen.predator_position.tolist() == [[[5.0, 6.0]]]
    assert seen.prey_position.tolist() == [[[1.0, 2.0], [3.0, 4.0]]]
    assert seen.landmark_position.tolist() == [[[7.0, 8.0]]]
    torch.testing.assert_close(seen.kinematics, torch.tensor([[[5.0, 6.0, 0.5, 0.6]]]))
    torch.testing.assert_close(seen.prey_velocity, velocity[:, :2])
    assert seen.alive.tolist() == [[True]]
    assert seen.prey_alive.tolist() == [[True, False]]


def test_mirrored_twice_is_the_world() -> None:
    generator = torch.Generator().manual_seed(0)
    position, velocity = (torch.randn(4, size, 2, generator=generator) for size in (8, 5))
    alive, prey_alive = (torch.rand(4, size, generator=generator) < 0.5 for size in (3, 2))
    world = World(position, velocity, alive, 2, prey_alive)
    assert world.mirrored.alive.equal(prey_alive)
    again = world.mirrored.mirrored
    assert again.num_prey == 2
    for name in ("position", "velocity", "alive", "prey_alive"):
        assert getattr(again, name).equal(getattr(world, name))


def test_absent_prey_are_masked_among_the_entities() -> None:
    there, prey_alive = torch.tensor([[True]]), torch.tensor([[False, True]])
    world = World(torch.zeros(1, 4, 2), torch.zeros(1, 3, 2), there, 2, prey_alive)
    _, mask = entities(world, entity_kinds((0,), 1, 2, 1))
    assert mask.tolist() == [[True, False, True, True]]
