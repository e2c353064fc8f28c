from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from marl.wrappers.rules.predators import PREDATORS, chase, random, still
from marl.wrappers.rules.world import World


def make_world(predators: Any, prey: Any, velocity: Any = None, prey_alive: list[bool] | None = None) -> World:
    position = torch.tensor([[*predators, *prey]], dtype=torch.float64)
    moving = torch.zeros_like(position) if velocity is None else torch.tensor([velocity], dtype=torch.float64)
    there = torch.ones(1, len(predators), dtype=torch.bool)
    return World(position, moving, there, len(prey), None if prey_alive is None else torch.tensor([prey_alive]))


# left 1, right 2, down 3, up 4
@pytest.mark.parametrize(
    ("world", "actions"),
    [
        (make_world([[0, 0], [1, 1]], [[0.5, 0.2]]), [2, 3]),
        # the nearest of two, for each predator
        (make_world([[0, 0], [1, 1]], [[-0.3, 0.0], [1.0, 1.5]]), [1, 4]),
        # 0.2 ahead in y, but 0.3 * 1.0 too fast: x has 0.05, y -0.1; the prey's velocity is nothing to it
        (make_world([[0, 0]], [[0.05, 0.2]], velocity=[[0, 1], [9, 9]]), [3]),
        # the nearer prey is not there
        (make_world([[0, 0]], [[0.1, 0.0], [0.0, 0.9]], prey_alive=[False, True]), [4]),
    ],
)
def test_chase_by_hand(world: World, actions: list[int]) -> None:
    assert chase(world, torch.Generator()).tolist() == [actions]


def chase_one(position: np.ndarray, velocity: np.ndarray, prey: np.ndarray) -> int:
    """The protocol's rule: to the nearest prey, less 0.3 of one's own velocity, along the larger part."""
    nearest, shortest = None, np.inf
    for at in prey:
        distance = np.hypot(at[0] - position[0], at[1] - position[1])
        if distance < shortest:
            nearest, shortest = at, distance
    x, y = nearest[0] - position[0] - 0.3 * velocity[0], nearest[1] - position[1] - 0.3 * velocity[1]
    if abs(x) >= abs(y):
        return 1 if x < 0 else 2
    return 3 if y < 0 else 4


def test_chase_equals_the_rule_in_plain_loops() -> None:
    rng = np.random.default_rng(0)
    position, velocity = rng.uniform(-1.2, 1.2, (200, 9, 2)), rng.uniform(-1.3, 1.3, (200, 7, 2))
    present = rng.random((200, 3)) < 0.6
    present[:, 1] |= ~present.any(1)
    alive = torch.ones(200, 4, dtype=torch.bool)
    world = World(torch.from_numpy(position), torch.from_numpy(velocity), alive, 3, torch.from_numpy(present))
    chosen = chase(world, torch.Generator()).numpy()
    assert chosen.shape == (200, 4)
    for copy in range(200):
        prey = position[copy, 4:7][present[copy]]
        for predator in range(4):
            assert chosen[copy, predator] == chase_one(position[copy, predator], velocity[copy, predator], prey)
    assert set(np.unique(chosen)) == {1, 2, 3, 4}


def test_random_takes_each_action_equally_often() -> None:
    world = make_world([[0.0, 0.0]] * 5000, [[0.0, 0.0]])
    chosen, again = (random(world, torch.Generator().manual_seed(0)) for _ in range(2))
    assert chosen.shape == (1, 5000)
    assert chosen.equal(again)
    counts = chosen[0].bincount(minlength=5)
    assert len(counts) == 5
    # standard error of a count: 28
    assert (counts - 1000).abs().max() < 115


def test_still_stays() -> None:
    assert still(make_world([[0.0, 0.0]] * 3, [[0.0, 0.0]]), torch.Generator()).tolist() == [[0, 0, 0]]


def test_the_ways_to_move_have_names() -> None:
    assert {"chase": chase, "random": random, "still": still} == PREDATORS
