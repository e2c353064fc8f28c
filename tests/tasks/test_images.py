"""Boxes of three axes as images, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from marl.tasks.images import ImageSpace, alike, is_image


def box(*shape: int, kind: Any = np.uint8) -> spaces.Box:
    return spaces.Box(0, 1, shape, kind)


@pytest.mark.parametrize(
    ("shape", "channels", "image"),
    [
        ((457, 120, 3), None, (3, 457, 120)),
        ((3, 84, 96), None, (3, 84, 96)),
        ((8, 8, 111), None, (111, 8, 8)),  # as high as wide, so the first axis is not the smallest alone
        ((3, 3, 3), None, (3, 3, 3)),
        ((6, 7, 17), None, (6, 7, 17)),
        ((6, 7, 17), "last", (17, 6, 7)),
        ((9, 5, 6), "first", (9, 5, 6)),
        ((4, 84, 96, 3), None, (12, 84, 96)),
        ((4, 3, 84, 96), None, (12, 84, 96)),
    ],
)
def test_channels_are_last_unless_the_first_axis_is_the_smallest(shape: Any, channels: Any, image: Any) -> None:
    space = box(*shape)
    assert is_image(space)
    assert ImageSpace([space], channels).shape == image


def test_channels_come_first_in_images() -> None:
    """Red is above green; 1 to 4 are red, 5 to 8 green."""
    red, green = [[1, 2], [3, 4]], [[5, 6], [7, 8]]
    last = np.stack([red, green], -1)
    space = ImageSpace([box(2, 2, 2)], "last")
    assert space.images([last], 0).tolist() == [red, green]
    assert space.images([last[None, None]], 2).tolist() == [[[red, green]]]
    assert ImageSpace([box(2, 2, 2)], "first").images([np.stack([red, green])], 0).tolist() == [red, green]


def test_a_stack_is_its_images_one_after_the_other() -> None:
    """Two moments of a red and a green row."""
    moments = [[[[1, 2]], [[3, 4]]], [[[5, 6]], [[7, 8]]]]
    whole = [[[1, 2]], [[3, 4]], [[5, 6]], [[7, 8]]]
    first, last = np.array(moments), np.moveaxis(np.array(moments), 1, -1)
    assert ImageSpace([box(2, 2, 1, 2)], "first").images([first], 0).tolist() == whole
    space = ImageSpace([box(2, 1, 2, 2)], "last")
    assert space.shape == (4, 1, 2)
    assert space.images([last], 0).tolist() == whole
    assert space.images([last[None]], 1).tolist() == [whole]


def test_several_are_one_after_the_other() -> None:
    space = ImageSpace([box(2, 3, 1), box(1, 2, 3), box(2, 3, 2)])
    assert space.shape == (4, 2, 3)
    parts = [np.full(shape, i) for i, shape in enumerate([(5, 2, 3, 1), (5, 1, 2, 3), (5, 2, 3, 2)])]
    joined = space.images(parts, 1)
    assert joined.shape == (5, 4, 2, 3)
    assert joined[4, :, 1, 2].tolist() == [0, 1, 2, 2]


def test_those_of_one_size_and_type_are_alike() -> None:
    boxes = [box(2, 3, 1), box(2, 4, 1), box(1, 2, 3), box(3, 3, 1), box(2, 3, 1, kind=np.int8), box(2, 4, 2)]
    assert alike(boxes) == [[0, 2], [1, 5], [3], [4]]
    assert alike(boxes[:3], "last") == [[0], [1], [2]]  # the third is one high and two wide
    assert alike([]) == []


@pytest.mark.parametrize(
    ("kind", "kept"),
    [(np.uint8, "uint8"), (np.bool_, "bool"), (np.int8, "int8"), (np.float32, "float32"), (np.float64, "float32")],
)
def test_small_numbers_keep_their_type(kind: Any, kept: str) -> None:
    space = ImageSpace([box(2, 3, 1, kind=kind)])
    assert space.dtype == kept
    assert space.images([np.ones((2, 3, 1), kind)], 0).dtype == kept


@pytest.mark.parametrize("space", [box(2, 3), box(2, 3, 4, 5, 6), box(0, 3, 4), spaces.MultiBinary((2, 3, 4))])
def test_what_has_neither_three_axes_nor_four_is_no_image(space: Any) -> None:
    assert not is_image(space)
