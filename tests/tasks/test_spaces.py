"""Spaces as features and actions, by hand."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from marl.tasks.spaces import ActionSpace, ObservationSpace

PAIR = spaces.Tuple([spaces.Discrete(3), spaces.Discrete(4, start=-1)])
MIXED = spaces.Dict({"place": spaces.Box(-1, 1, (2, 1)), "room": spaces.Discrete(3), "keys": spaces.MultiBinary(2)})


def uneven(low: list[float], high: list[float], kind: Any = np.float32) -> spaces.Box:
    return spaces.Box(np.array(low, kind), np.array(high, kind), dtype=kind)


@pytest.mark.parametrize(
    ("space", "categories", "value", "features"),
    [
        (spaces.Discrete(4), (4,), 3, [3]),
        (spaces.Discrete(4, start=-2), (4,), -2, [0]),
        (spaces.MultiDiscrete([[2, 3], [4, 5]]), (2, 3, 4, 5), np.array([[1, 0], [3, 4]]), [1, 0, 3, 4]),
        (spaces.MultiDiscrete([3, 3], start=[10, -1]), (3, 3), np.array([12, -1]), [2, 0]),
        (spaces.MultiBinary(3), (2, 2, 2), np.array([0, 1, 1], np.int8), [0, 1, 1]),
        (PAIR, (3, 4), (2, 0), [2, 1]),
        (spaces.Dict({"a": PAIR, "b": spaces.Discrete(2)}), (3, 4, 2), {"b": 1, "a": (0, 2)}, [0, 3, 1]),
    ],
    ids=["discrete", "below zero", "table", "starts", "bits", "tuple", "dict"],
)
def test_whole_numbers_are_categories(space: Any, categories: Any, value: Any, features: list[int]) -> None:
    seen = ObservationSpace(space, "it")
    assert (seen.categories, seen.size) == (categories, len(categories))
    row = seen.features(value)
    assert row.tolist() == features
    assert row.dtype == np.int32


def test_beside_a_box_each_value_of_a_number_has_a_place() -> None:
    """A Dict is in the order of its names: bits as pairs (not set, set), then the place, then the room."""
    seen = ObservationSpace(MIXED, "it")
    assert (seen.categories, seen.size) == ((), 2 * 2 + 2 + 3)
    value = {"place": np.array([[0.5], [-1]], np.float32), "room": 2, "keys": np.array([1, 0])}
    assert seen.features(value).tolist() == [0, 1, 1, 0, 0.5, -1, 0, 0, 1]
    assert seen.features(value).dtype == np.float32


def test_an_image_goes_apart_from_the_features() -> None:
    """A Dict is in the order of its names: the image, then the place, then the room."""
    image = np.arange(12, dtype=np.uint8).reshape(2, 3, 2)
    space = spaces.Dict({"image": spaces.Box(0, 255, (2, 3, 2), np.uint8), "room": spaces.Discrete(3)})
    seen = ObservationSpace(space, "it", "last")
    assert (seen.categories, seen.size, seen.dtype) == ((3,), 1, np.int32)
    value = {"image": image, "room": 2}
    assert seen.features(value).tolist() == [2]
    (found,) = seen.images(value)
    assert found.tolist() == [image[..., 0].tolist(), image[..., 1].tolist()]
    both = spaces.Dict({**space.spaces, "place": spaces.Box(-1, 1, (1,))})
    seen = ObservationSpace(both, "it", "last")
    assert (seen.categories, seen.size, seen.dtype) == ((), 4, np.float32)
    batch = {"image": np.stack([image, image]), "room": np.array([0, 1]), "place": np.array([[0.5], [-1]])}
    assert seen.features(batch, 2).tolist() == [[0.5, 1, 0, 0], [-1, 0, 1, 0]]
    assert [x.shape for x in seen.images(batch, 2)] == [(2, 2, 2, 3)]
    assert (seen.copies(batch), seen.copies({**value, "place": np.array([0.5])})) == (2, None)


def test_an_image_alone_leaves_no_feature() -> None:
    seen = ObservationSpace(spaces.Box(0, 1, (4, 4, 3), np.int8), "it")
    assert (seen.size, seen.categories, seen.features(np.zeros((4, 4, 3), np.int8)).shape) == (0, (), (0,))
    assert seen.features(np.zeros((5, 4, 4, 3), np.int8), 5).shape == (5, 0)
    assert ObservationSpace(spaces.Box(0, 1, (4,)), "it").image_spaces == ()


def test_copies_are_taken_together() -> None:
    """As Gymnasium batches them."""
    assert ObservationSpace(PAIR, "it").features((np.array([0, 2]), np.array([-1, 2])), 2).tolist() == [[0, 0], [2, 3]]
    batch = {"place": np.zeros((2, 2, 1), np.float32), "room": np.array([0, 1]), "keys": np.array([[0, 0], [1, 1]])}
    rows = ObservationSpace(MIXED, "it").features(batch, 2)
    assert rows.tolist() == [[1, 0, 1, 0, 0, 0, 1, 0, 0], [0, 1, 0, 1, 0, 0, 0, 1, 0]]


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        (np.uint8, np.uint8),
        (np.int8, np.int8),
        (np.int16, np.int16),
        (np.float64, np.float32),
        (np.int64, np.float32),
        (np.uint16, np.float32),
    ],
)
def test_small_numbers_keep_their_type(kind: Any, kept: Any) -> None:
    box = spaces.Box(0, 100, (2, 3), kind)
    value = np.arange(6, dtype=kind).reshape(2, 3)
    row = ObservationSpace(box, "it").features(value)
    assert (row.dtype, row.tolist()) == (kept, [0, 1, 2, 3, 4, 5])
    value[:] = 7  # vectorisers use their array again
    assert row.tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("space", "value", "leading", "message"),
    [
        (spaces.Discrete(4), -1, (), r"^observes -1, which is not in Discrete\(4\)"),
        (spaces.Discrete(4), np.array([0, 3, 4]), (3,), r"copy 2 observes 4, which is not in Discrete\(4\)"),
        (spaces.MultiBinary(2), np.array([0, 2]), (), r"observes 2, which is not in MultiBinary\(2\)"),
        (
            MIXED,
            {"place": np.zeros((2, 1)), "room": 3, "keys": np.zeros(2)},
            (),
            r"observes 3, .* not in Discrete\(3\)",
        ),
    ],
)
def test_what_a_space_does_not_hold_is_refused(space: Any, value: Any, leading: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ObservationSpace(space, "it").features(value, *leading)


@pytest.mark.parametrize("space", [spaces.Text(4), spaces.Tuple([spaces.Discrete(2), spaces.Text(4)])])
def test_other_observations_are_refused(space: Any) -> None:
    with pytest.raises(ValueError, match=r"pole observes Text.*; supported are Box, Discrete, MultiDiscrete"):
        ObservationSpace(space, "pole")


@pytest.mark.parametrize(
    ("space", "number", "chosen", "action"),
    [
        (spaces.Discrete(3, start=5), 3, 2, 7),
        (spaces.MultiDiscrete([2, 3]), 6, 4, [1, 1]),
        (spaces.MultiDiscrete([[2, 3]], start=[[10, -1]]), 6, 5, [[11, 1]]),
        (spaces.MultiBinary(3), 8, 6, [1, 1, 0]),
        (PAIR, 12, 7, (1, 2)),
        (spaces.Dict({"x": spaces.Discrete(2), "y": spaces.MultiBinary(1)}), 4, 2, {"x": 1, "y": [0]}),
    ],
)
def test_combinations_of_whole_numbers_are_one_action(space: Any, number: int, chosen: int, action: Any) -> None:
    acted = ActionSpace(space, "it")
    assert (acted.spec.kind, acted.spec.size) == ("discrete", number)
    np.testing.assert_equal(_plain(acted.actions(np.array(chosen))), action)
    assert space.contains(acted.actions(np.array(chosen)))


def test_every_combination_is_reached_once() -> None:
    acted = ActionSpace(PAIR, "it")
    first, second = acted.actions(np.arange(12))
    assert Counter(zip(first.tolist(), second.tolist(), strict=True)) == Counter(
        (a, b) for a in range(3) for b in range(-1, 3)
    )


@pytest.mark.parametrize(
    ("space", "chosen", "action"),
    [
        (spaces.Box(-2, 2, (2,)), [5.0, -0.5], [2, -1]),
        (spaces.Box(-0.25, 0.75, (2,)), [0.0, 0.5], [0.25, 0.5]),
        (uneven([-1, 0], [1, 10]), [0.5, 0.5], [0.5, 7.5]),
        (uneven([-1, 0], [1, 10]), [-3.0, 9.0], [-1, 10]),
        (spaces.Box(-1, 1, (2, 1)), [0.5, 0.25], [[0.5], [0.25]]),
        (spaces.Box(-3e38, 3e38, (2,)), [-1.0, 1.0], [np.float32(-3e38), np.float32(3e38)]),
        (
            spaces.Tuple([spaces.Box(0, 1, (1,)), spaces.Box(-4, 4, (2,))]),
            [1.0, 0.5, -0.5],
            ([1], [2, -2]),
        ),
    ],
    ids=["cut", "scaled", "each to its own", "and cut", "shaped", "largest", "tuple"],
)
def test_continuous_actions_are_scaled_from_minus_one_to_one(space: Any, chosen: Any, action: Any) -> None:
    acted = ActionSpace(space, "it")
    assert (acted.spec.kind, acted.spec.size) == ("continuous", len(chosen))
    np.testing.assert_equal(_plain(acted.actions(np.array(chosen, np.float32))), action)
    assert space.contains(acted.actions(np.array(chosen, np.float32)))


@pytest.mark.parametrize(
    ("low", "high", "kind"), [([0], [1], np.int8), ([-3], [3], np.int64), ([-2, 5], [-1, 9], np.int32)]
)
def test_whole_numbers_of_a_box_have_equal_parts(low: list[int], high: list[int], kind: Any) -> None:
    """The floor of what is spread evenly over [low, high + 1)."""
    acted = ActionSpace(uneven(low, high, kind), "it")
    fine = np.linspace(-1, 1, 70_001, dtype=np.float32)[:, None].repeat(len(low), 1)
    actions = acted.actions(fine)
    assert actions.dtype == kind
    for column, first, last in zip(actions.T, low, high, strict=True):
        counts = Counter(column.tolist())
        assert set(counts) == set(range(first, last + 1))
        share = 70_001 / (last - first + 1)
        assert all(abs(count - share) <= 2 for count in counts.values())
    assert acted.actions(np.zeros(len(low), np.float32)).tolist() == [
        -(-(a + b) // 2) for a, b in zip(low, high, strict=True)
    ]


def test_a_table_of_whole_numbers_is_filled_row_by_row() -> None:
    acted = ActionSpace(spaces.Box(-1, 1, (2, 2), np.int64), "it")
    assert acted.actions(np.array([[-1, 0, 1, 0.2]], np.float32)).tolist() == [[[-1, 0], [1, 0]]]


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (
            spaces.Text(3),
            r"it acts in Text.*; supported are Discrete, MultiDiscrete, MultiBinary, or a Box with bounds",
        ),
        (spaces.Tuple([spaces.Discrete(2), spaces.Box(0, 1, (1,))]), "and a Tuple or Dict of one of these two kinds"),
        (spaces.Box(-np.inf, np.inf, (1,)), "has no bounds; give it a finite range"),
        (spaces.Box(0, np.inf, (1,)), "has no bounds"),
        (spaces.Box(2, 2, (3,)), "leaves nothing to choose; give a range"),
        (spaces.Box(0, 1, (0,)), "leaves nothing to choose"),
        (spaces.Box(-(2**60), 2**60, (1,), np.int64), "whole numbers may be as large as 9,007,199,254,740,992"),
        (spaces.MultiBinary(15), r"has 32,768 combinations; at most 16,384 are told apart"),
    ],
)
def test_other_actions_are_refused(space: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ActionSpace(space, "it")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return tuple(_plain(part) for part in value) if isinstance(value, tuple) else value.tolist()


@pytest.mark.parametrize(
    ("space", "one", "batch", "neither"),
    [
        (
            spaces.Box(-1, 1, (2,)),
            [0.0, 1.0],
            np.zeros((4, 2)),
            [np.zeros(3), 0.5, np.zeros((4, 3)), np.zeros((1, 4, 2))],
        ),
        (
            spaces.Box(-1, 1, (4, 2)),
            np.zeros((4, 2)),
            np.zeros((4, 4, 2)),
            [np.zeros((2, 4)), np.zeros(2), [[1, 2], [3]]],
        ),
        (spaces.Discrete(4), 3, [0, 1, 2, 3], [0.5, [0.0, 1.0], None, "3", [[1]]]),
        (spaces.MultiDiscrete([2, 3]), [1, 2], np.zeros((4, 2), int), [1, [1], [[1.0, 2.0]]]),
        (spaces.MultiBinary(2), [1, 0], np.zeros((4, 2), bool), [1, [1, 0, 1]]),
        (
            PAIR,
            (2, 0),
            (np.zeros(4, int), np.ones(4, int)),
            [(2,), (2, [0, 0]), (np.zeros(4, int), np.ones(3, int)), 5],
        ),
        (
            MIXED,
            {"place": [[0.5], [1]], "room": 2, "keys": [1, 0]},
            {"place": np.zeros((4, 2, 1)), "room": [0, 1, 2, 0], "keys": np.zeros((4, 2), int)},
            [{"place": [[0.5], [1]], "room": 2}, {"place": [0.5, 1], "room": 2, "keys": [1, 0]}, [0.5, 1]],
        ),
    ],
    ids=["vector", "picture", "discrete", "numbers", "bits", "tuple", "dict"],
)
def test_one_observation_is_told_from_a_batch(space: Any, one: Any, batch: Any, neither: list[Any]) -> None:
    seen = ObservationSpace(space, "it")
    assert seen.copies(one) is None
    assert seen.copies(batch) == 4
    for other in neither:
        with pytest.raises(ValueError, match=r"is neither an observation in .* nor a batch of them"):
            seen.copies(other)


def test_masks_of_several_numbers_are_of_their_combinations() -> None:
    """The last number changes first, as in the actions."""
    acted = ActionSpace(spaces.MultiDiscrete([3, 2]), "it")
    expected = [False, False, True, False, True, False]
    assert acted.mask((np.array([0, 1, 1], np.int8), np.array([1, 0], np.int8))).tolist() == expected
    assert acted.mask(np.array([0, 0, 1, 0, 1, 0])).tolist() == expected
    legal = [acted.actions(np.array(i)).tolist() for i in np.flatnonzero(expected)]
    assert legal == [[1, 0], [2, 0]]


@pytest.mark.parametrize(
    ("space", "given", "message"),
    [
        (spaces.Discrete(3), np.ones(2), r"of shape \[2\]; give one number for each of 3 actions$"),
        (spaces.MultiDiscrete([3, 2]), np.ones(5), "6 actions, the combinations of 3 x 2 of which the last changes"),
        (spaces.MultiDiscrete([3, 2]), (np.ones(2), np.ones(2)), r"of shape \[2, 2\].* or a tuple of masks, one for"),
        (spaces.Box(-1, 1, (2,)), np.ones(2), "of shape"),
    ],
)
def test_masks_of_another_shape_are_refused(space: Any, given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ActionSpace(space, "it").mask(given)
