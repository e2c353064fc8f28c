from __future__ import annotations

import math

import pytest
import torch

from marl.envs.simple_tag.rewards import contacts_of, outcome_of, prey_reward
from marl.wrappers.rules.world import World


def world(predators: list[list[float]], prey: list[list[float]], extent: float = 1.0) -> World:
    position = torch.tensor([[*predators, *prey]])
    alive = torch.ones(1, len(predators), dtype=torch.bool)
    return World(position, torch.zeros_like(position), alive, len(prey), extent=extent)


def test_bodies_touch_nearer_than_the_sum_of_their_radii() -> None:
    """0.075 + 0.05 = 0.125."""
    found = contacts_of(world([[0.0, 0.0], [0.22, 0.0], [0.1, 0.13]], [[0.1, 0.0], [5.0, 0.0]]))
    assert found.tolist() == [[[1, 0], [1, 0], [0, 0]]]


def test_absent_bodies_touch_nobody() -> None:
    position = torch.zeros(1, 4, 2)
    alive, prey_alive = torch.tensor([[True, False]]), torch.tensor([[False, True]])
    found = contacts_of(World(position, torch.zeros(1, 4, 2), alive, 2, prey_alive))
    assert found.tolist() == [[[0, 1], [0, 0]]]


@pytest.mark.parametrize(
    ("place", "extent", "penalty"),
    [
        ([0.5, -0.89], 1.0, 0.0),
        ([0.95, 0.0], 1.0, 0.5),
        ([-0.95, 0.98], 1.0, 0.5 + 0.8),
        ([1.5, 0.0], 1.0, math.e),
        ([3.0, 0.0], 1.0, 10.0),
        ([1.9, 0.0], 2.0, 0.5),
    ],
)
def test_prey_pay_for_leaving_the_arena(place: list[float], extent: float, penalty: float) -> None:
    """10 (x - 0.9) below 1, exp(2 x - 2) beyond, at most 10; x is the coordinate over the extent."""
    tag = world([[9.0, 9.0]], [place], extent)
    assert prey_reward(tag, contacts_of(tag)).tolist() == [[pytest.approx(-penalty, abs=1e-5)]]


def test_prey_pay_ten_for_each_predator_on_them() -> None:
    tag = world([[0.0, 0.0], [0.05, 0.0]], [[0.0, 0.05], [0.5, 0.5]])
    assert prey_reward(tag, contacts_of(tag)).tolist() == [[-20, 0]]


def test_predators_share_what_prey_pay_for_and_each_contact_counts_once() -> None:
    """Two predators on the first prey, none on the second, which pays for being at 0.95."""
    position = torch.tensor([[[0.0, 0.0], [0.05, 0.0], [-0.8, 0.0], [0.0, 0.05], [0.95, 0.5]]])
    present = torch.ones(1, 3, dtype=torch.bool)
    tag = World(position, torch.zeros_like(position), present, 2, torch.ones(1, 2, dtype=torch.bool))
    outcome = outcome_of(tag, contacts_of(tag), "predators", both=True)
    assert outcome.reward.tolist() == [[20, 20, 20, -20, pytest.approx(-0.5, abs=1e-5)]]
    assert outcome.contacts.tolist() == [[1, 1, 0, 0, 0]]
    assert outcome.earned is not None
    assert outcome.earned.tolist() == [[10, 10, 0, -20, pytest.approx(-0.5, abs=1e-5)]]
    alone = outcome_of(tag, contacts_of(tag), "prey")
    assert (alone.contacts.tolist(), alone.earned) == ([[2, 0]], None)
