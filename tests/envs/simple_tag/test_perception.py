from __future__ import annotations

import torch
from torch.testing import assert_close

from marl.envs.simple_tag.perception import Perception, together
from marl.wrappers.rules.class_views import ClassViews
from marl.wrappers.rules.message_graph import MessageGraph
from marl.wrappers.rules.world import World

PREDATORS = Perception(ClassViews({"A": ("prey",)}, {"A": 1}, 2, 0), MessageGraph(), "predators")
PREY = Perception(ClassViews({"P": ("predators",)}, {"P": 2}, 1, 0), MessageGraph(), "prey")
# a predator at the origin; prey to the right, and above it and absent
PLACES = torch.tensor([[[0.0, 0.0], [0.5, 0.0], [0.0, 0.25]]])
WORLD = World(PLACES, torch.zeros(1, 3, 2), torch.tensor([[True]]), 2, torch.tensor([[True, False]]))


def test_each_side_sees_the_other_from_its_place() -> None:
    """Own place and velocity, then offset and relative velocity of each opponent, zeros if absent, and the class."""
    assert_close(PREDATORS(WORLD).features["A"], torch.tensor([[[0.0, 0, 0, 0, 0.5, 0, 0, 0, 0, 0, 0, 0, 1]]]))
    prey = PREY(WORLD)
    assert_close(prey.features["P"][:, 0], torch.tensor([[0.5, 0, 0, 0, -0.5, 0, 0, 0, 1]]))
    assert prey.alive.tolist() == [[True, False]]
    assert prey.entities is None


def test_both_sides_are_one_observation_and_hear_only_their_own() -> None:
    world = World(PLACES, torch.zeros(1, 3, 2), torch.tensor([[True]]), 2)
    seen = together([PREDATORS(world, torch.eye(3)), PREY(world)])
    assert list(seen.features) == ["A", "P"]
    assert seen.adjacency is not None and seen.kinematics is not None and seen.entities is not None
    assert seen.adjacency.int().tolist() == [[[0, 0, 0], [0, 0, 1], [0, 1, 0]]]
    assert_close(seen.kinematics[..., :2], PLACES)
    assert_close(seen.entities[..., :2], PLACES)
    assert seen.auxiliary_target is not None
    assert seen.auxiliary_target.sign().tolist() == [[[0, 1], [-1, 0], [0, -1]]]  # the nearer prey is above
