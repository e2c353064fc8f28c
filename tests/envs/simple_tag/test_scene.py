from __future__ import annotations

import torch

from marl.envs.simple_tag.references import roster_of
from marl.envs.simple_tag.scene import tag_scene
from marl.wrappers.rules.class_views import ClassViews
from marl.wrappers.rules.message_graph import MessageGraph
from marl.wrappers.rules.world import World

PREDATORS = roster_of([ClassViews({"A": ("prey",), "B": ("prey",)}, {"A": 1, "B": 2}, 1, 1)], False)
PREY = roster_of([ClassViews({"P": ("predators",)}, {"P": 1}, 3, 1)], False)
# the first predator is absent, the second alone, the third on the prey, and both hear each other within 0.6
PLACES = torch.tensor([[[0.0, 0.0], [-0.5, 0.0], [0.0, 0.1], [0.0, 0.0], [0.5, 0.5]]])
WORLD = World(PLACES, torch.zeros(1, 4, 2), torch.tensor([[False, True, True]]), 1, extent=2.0)


def test_absent_bodies_are_left_out_and_places_refer_to_the_rest() -> None:
    scene = tag_scene(WORLD, PREDATORS, MessageGraph(range=0.6))
    assert [disc[2:] for disc in scene.discs] == [(0.075, "B"), (0.075, "B"), (0.05, "prey"), (0.2, "obstacle")]
    assert scene.discs[0][:2] == (-0.5, 0.0)
    assert scene.links == ((0, 1), (1, 0))
    assert scene.contacts == (1,)
    assert (scene.range, scene.extent) == (0.6, 2.0)


def test_where_prey_learn_they_have_the_names_of_classes() -> None:
    scene = tag_scene(WORLD, PREY, None, "prey")
    assert [disc[3] for disc in scene.discs] == ["predator", "predator", "P", "obstacle"]
    assert (scene.links, scene.contacts, scene.range) == ((), (1,), None)


def test_sights_are_told_by_the_side_that_learns() -> None:
    """Of the predators that are there one sees the obstacle and one the prey; a prey sees the nearest predator."""
    views = ClassViews({"A": ("prey",), "B": ("landmarks", "teammates:1")}, {"A": 2, "B": 1}, 1, 1)
    assert tag_scene(WORLD, PREDATORS, None, views=[views]).sights == ((0, 2), (1, 0), (1, 3))
    assert tag_scene(WORLD, PREDATORS, None).sights == ()
    views = ClassViews({"P": ("predators:1",)}, {"P": 1}, 3, 1)
    assert tag_scene(WORLD, PREY, None, "prey", [views]).sights == ((2, 1),)


def test_where_both_sides_are_agents_each_tells_what_it_sees() -> None:
    views = [
        ClassViews({"A": ("prey",), "B": ("prey",)}, {"A": 1, "B": 2}, 1, 1),
        ClassViews({"P": ("predators:1",)}, {"P": 1}, 3, 1),
    ]
    scene = tag_scene(WORLD, roster_of(views, False), None, views=views)
    assert [disc[3] for disc in scene.discs] == ["B", "B", "P", "obstacle"]
    assert scene.sights == ((0, 2), (1, 2), (2, 1))


def test_where_both_sides_are_agents_each_hears_its_own() -> None:
    """Prey at 0.5 from each other, and one of the two predators at 0.1 from the first of them."""
    views = ClassViews({"A": ("prey",)}, {"A": 2}, 2, 0), ClassViews({"P": ("predators",)}, {"P": 2}, 2, 0)
    places = torch.tensor([[[0.0, 0.1], [5.0, 5.0], [0.0, 0.0], [0.5, 0.0]]])
    world = World(places, torch.zeros(1, 4, 2), torch.ones(1, 2, dtype=torch.bool), 2)
    scene = tag_scene(world, roster_of(views, False), MessageGraph(range=0.6))
    assert [disc[2:] for disc in scene.discs] == [(0.075, "A"), (0.075, "A"), (0.05, "P"), (0.05, "P")]
    assert (scene.links, scene.contacts) == (((2, 3), (3, 2)), (0,))
