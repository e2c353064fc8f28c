from __future__ import annotations

from typing import Any

import pytest
import torch

from marl.wrappers.rules.class_views import ClassViews
from marl.wrappers.rules.world import World


@pytest.fixture
def world() -> World:
    """Two predators, one prey, one obstacle; numbers that float32 holds exactly."""
    position = torch.tensor([[[1.0, 2.0], [0.5, -1.0], [3.0, 5.0], [-1.0, 0.0]]])
    velocity = torch.tensor([[[0.25, 0.5], [-0.5, 0.0], [1.0, -1.0]]])
    return World(position, velocity, torch.ones(1, 2, dtype=torch.bool), num_prey=1)


def view(world: World, sights: tuple[str, ...], frame: str) -> list[float]:
    views = ClassViews({"X": sights, "Y": ("prey",)}, {"X": 2}, 1, 1, frame)
    features = views(world)["X"]
    assert features.shape == (1, 2, views.feature_size("X"))
    return features[0, 0].tolist()


OWN, ONE_HOT = [1.0, 2.0, 0.25, 0.5], [1.0, 0.0]


@pytest.mark.parametrize(
    ("sights", "frame", "expected"),
    [
        (("landmarks",), "absolute", [-1.0, 0.0]),
        (("landmarks",), "relative", [-2.0, -2.0]),
        (("prey",), "absolute", [3.0, 5.0, 1.0, -1.0]),
        (("prey",), "relative", [2.0, 3.0, 0.75, -1.5]),
        (("teammates",), "absolute", [0.5, -1.0, -0.5, 0.0]),
        (("teammates",), "relative", [-0.5, -3.0, -0.75, -0.5]),
        (("prey", "landmarks"), "relative", [2.0, 3.0, 0.75, -1.5, -2.0, -2.0]),
        (("landmarks", "prey", "teammates"), "absolute", [-1, 0, 3, 5, 1, -1, 0.5, -1, -0.5, 0]),
    ],
)
def test_features_by_hand(world: World, sights: tuple[str, ...], frame: str, expected: list[float]) -> None:
    assert view(world, sights, frame) == OWN + expected + ONE_HOT


@pytest.mark.parametrize("frame", ["absolute", "relative"])
def test_hidden_velocities_are_zeros_and_places_stay(world: World, frame: str) -> None:
    sights = {"X": ("prey", "teammates:1"), "Y": ("prey",)}
    plain, hidden = (ClassViews(sights, {"X": 2}, 1, 1, frame, velocities) for velocities in (True, False))
    shown, seen = plain(world)["X"][0, 0], hidden(world)["X"][0, 0]
    moves = [2, 3, 6, 7, 10, 11]  # its own velocity, that of the prey, that of the teammate
    assert seen[moves].tolist() == [0.0] * 6
    assert shown[moves].count_nonzero() >= 5
    rest = [i for i in range(15) if i not in moves]
    assert seen[rest].equal(shown[rest])
    assert hidden.sensed(world).kinematics.tolist() == [[[1.0, 2.0, 0.0, 0.0], [0.5, -1.0, 0.0, 0.0]]]
    assert plain.sensed(world) is world


def test_agents_are_ordered_class_by_class(world: World) -> None:
    features = ClassViews({"A": ("landmarks",), "B": ("prey",)}, {"B": 1, "A": 1}, 1, 1)(world)
    assert features["A"][0, 0].tolist() == [*OWN, -2.0, -2.0, 1.0, 0.0]
    assert features["B"][0, 0].tolist() == [0.5, -1.0, -0.5, 0.0, 2.5, 6.0, 1.5, -1.0, 0.0, 1.0]


@pytest.mark.parametrize("frame", ["absolute", "relative"])
def test_prey_see_absent_predators_as_zeros(world: World, frame: str) -> None:
    views = ClassViews({"P": ("landmarks", "predators")}, {"P": 1}, 2, 1, frame)
    there = World(world.position, world.velocity, torch.tensor([[False, True]]), num_prey=1)
    # the prey is at (3, 5) with (1, -1); the second predator at (0.5, -1) with (-0.5, 0)
    landmark, predator = {
        "absolute": ([-1.0, 0.0], [0.5, -1.0, -0.5, 0.0]),
        "relative": ([-4.0, -5.0], [-2.5, -6.0, -1.5, 1.0]),
    }[frame]
    expected = [3.0, 5.0, 1.0, -1.0, *landmark, 0.0, 0.0, 0.0, 0.0, *predator, 1.0]
    assert views(there.mirrored)["P"].tolist() == [[expected]]
    assert views.feature_size("P") == 15


@pytest.fixture
def crowd() -> World:
    """Four predators, two prey, two obstacles; the third predator is not there."""
    position = torch.tensor(
        [[[1.0, 2.0], [0.5, -1.0], [1.0, 2.0], [1.0, 4.0], [3.0, 5.0], [0.0, 2.0], [-1.0, 0.0], [1.0, 1.5]]]
    )
    velocity = torch.tensor([[[0.25, 0.5], [-0.5, 0.0], [9.0, 9.0], [0.0, 1.0], [1.0, -1.0], [0.5, 0.0]]])
    return World(position, velocity, torch.tensor([[True, True, False, True]]), num_prey=2)


@pytest.mark.parametrize(
    ("sights", "frame", "expected"),
    [
        # the first predator is at (1, 2) with (0.25, 0.5): the second prey is 1 away, the first sqrt(13)
        (("prey:1",), "absolute", [0.0, 2.0, 0.5, 0.0, 1.0]),
        (("prey:1",), "relative", [-1.0, 0.0, 0.25, -0.5, 1.0]),
        (("prey:2",), "absolute", [0.0, 2.0, 0.5, 0.0, 1.0, 3.0, 5.0, 1.0, -1.0, 1.0]),
        (("prey:3",), "relative", [-1.0, 0.0, 0.25, -0.5, 1.0, 2.0, 3.0, 0.75, -1.5, 1.0, 0, 0, 0, 0, 0]),
        # the third, on the very spot, is absent; the fourth is 2 away, the second sqrt(9.25)
        (("teammates:1",), "absolute", [1.0, 4.0, 0.0, 1.0, 1.0]),
        (("teammates:3",), "relative", [0, 2, -0.25, 0.5, 1, -0.5, -3, -0.75, -0.5, 1, 0, 0, 0, 0, 0]),
        (("landmarks:1",), "relative", [0.0, -0.5, 1.0]),
        # the edge is within
        (("prey:2@1",), "relative", [-1.0, 0.0, 0.25, -0.5, 1.0, 0, 0, 0, 0, 0]),
        (("prey:1@0.9",), "absolute", [0, 0, 0, 0, 0]),
        (("landmarks:3", "prey:1"), "absolute", [1, 1.5, 1, -1, 0, 1, 0, 0, 0, 0, 2, 0.5, 0, 1]),
    ],
)
def test_counted_sights_by_hand(crowd: World, sights: tuple[str, ...], frame: str, expected: list[float]) -> None:
    views = ClassViews({"X": sights, "Y": ("prey",)}, {"X": 4}, 2, 2, frame)
    features = views(crowd)["X"]
    assert features.shape == (1, 4, views.feature_size("X"))
    assert features[0, 0].tolist() == OWN + expected + ONE_HOT


@pytest.mark.parametrize("frame", ["absolute", "relative"])
def test_counted_sights_are_alike_in_any_number(crowd: World, frame: str) -> None:
    """Absent predators change nothing, so that a world without them looks the same."""
    classes = {"P": ("landmarks:3", "predators:4", "teammates:2")}
    smaller = [0, 1, 3, 4, 5, 6, 7]
    position, velocity = crowd.position[:, smaller], crowd.velocity[:, smaller[:5]]
    without = World(position, velocity, torch.ones(1, 3, dtype=torch.bool), num_prey=2)
    seen = ClassViews(classes, {"P": 2}, 4, 2, frame)(crowd.mirrored)["P"]
    assert seen.equal(ClassViews(classes, {"P": 2}, 3, 2, frame)(without.mirrored)["P"])
    # own 4, three landmarks of 3, four predators and two teammates of 5, the one-hot
    assert seen.shape == (1, 2, 4 + 9 + 20 + 10 + 1)


@pytest.mark.parametrize(
    ("classes", "team", "frame", "message"),
    [
        ({}, {}, "relative", "no class is declared"),
        ({"A": ()}, {"A": 1}, "relative", "class 'A' sees nothing"),
        (
            {"A": ("walls",)},
            {"A": 1},
            "relative",
            "sees 'walls'; what can be seen is landmarks, prey, predators",
        ),
        ({"A": ("prey", "prey")}, {"A": 1}, "relative", "name each only once"),
        ({"A": ("prey", "prey:2")}, {"A": 1}, "relative", "name each only once"),
        ({"A": ("prey:0",)}, {"A": 1}, "relative", "class 'A' sees 'prey:0'; write prey for all, or prey:4"),
        ({"A": ("prey",)}, {"Z": 1}, "relative", "class 'Z', which is not declared; declared are A"),
        ({"A": ("prey",)}, {"A": -1}, "relative", "-1 agents of class 'A'"),
        ({"A": ("prey",)}, {"A": 0}, "relative", "has no predators"),
        ({"A": ("prey",)}, {"A": 1}, "polar", "frame is 'polar'; write 'absolute' or 'relative'"),
    ],
)
def test_bad_input_is_refused(classes: dict[str, Any], team: dict[str, int], frame: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ClassViews(classes, team, 1, 1, frame)


def test_what_is_sighted_is_what_the_features_hold() -> None:
    """Agents at 0, 1 and 5 on a line, the last absent; prey at 2 and 3, the first absent; obstacles at -1 and 4."""
    places = torch.tensor([[[x, 0.0] for x in (0.0, 1.0, 5.0, 2.0, 3.0, -1.0, 4.0)]])
    there = torch.tensor([[True, True, False]])
    world = World(places, torch.zeros(1, 5, 2), there, 2, torch.tensor([[False, True]]))
    seen = {"A": ("teammates", "prey:1"), "B": ("landmarks:1",)}
    views = ClassViews(seen, {"A": 1, "B": 2}, 2, 2)
    found = views.sighted(world)[0].nonzero().tolist()
    nearby = ClassViews({**seen, "A": ("teammates:2@0.9", "prey:1@3.1")}, {"A": 1, "B": 2}, 2, 2)
    assert nearby.sighted(world)[0].nonzero().tolist() == [[0, 4], [1, 5]]  # the agent at 1 is beyond 0.9
    # after the three agents come the two prey, then the obstacles: 0 sees 1 and the prey at 3, 1 the obstacle at -1
    assert found == [[0, 1], [0, 4], [1, 5]]
