"""Boxes of three axes, or of four, as images ``[C, H, W]``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

__all__ = ["KEPT", "Channels", "ImageSpace", "alike", "is_image"]

Channels: TypeAlias = Literal["first", "last"]
KEPT = {np.dtype(kind) for kind in (np.bool_, np.uint8, np.int8, np.int16)}
"""Data types of Boxes that features and images keep; they are smaller than float32, which others become."""


def is_image(space: spaces.Space[Any]) -> bool:
    """True for a Box of three axes, or of four, a stack of such."""
    return isinstance(space, spaces.Box) and len(space.shape) in (3, 4) and 0 not in space.shape


def alike(boxes: Sequence[spaces.Box], channels: Channels | None = None) -> list[list[int]]:
    """Places of Boxes whose images become one, as they are alike in data type, height and width; in their order."""
    groups: dict[Any, list[int]] = {}
    for place, box in enumerate(boxes):
        size = ImageSpace([box], channels).shape[1:]
        groups.setdefault((box.dtype, size), []).append(place)
    return list(groups.values())


class ImageSpace:
    """Image of Boxes of three axes that are `alike`: one, its channels those of the Boxes in their order.

    A Box of four axes is a stack of images, as Gymnasium's ``FrameStackObservation`` gives them, one after the other.

    Args:
        boxes: one at least.
        channels: the axis of the channels; None is the last, unless the first is the smallest.
    """

    def __init__(self, boxes: Sequence[spaces.Box], channels: Channels | None = None) -> None:
        shapes = [box.shape[-3:] for box in boxes]
        self._last = [channels == "last" if channels else shape[0] >= min(shape[1:]) for shape in shapes]
        turned = [(shape[2], *shape[:2]) if last else shape for shape, last in zip(shapes, self._last, strict=True)]
        stacks = [box.shape[:-3] for box in boxes]
        sizes = [(math.prod(stack) * size[0], *size[1:]) for stack, size in zip(stacks, turned, strict=True)]
        self.shape: tuple[int, int, int] = (sum(size[0] for size in sizes), sizes[0][1], sizes[0][2])
        """Channels, height and width."""
        self.dtype = boxes[0].dtype if boxes[0].dtype in KEPT else np.dtype(np.float32)
        alone = len(boxes) == 1 and not stacks[0]
        self.axes = ((2, 0, 1) if self._last[0] else (0, 1, 2)) if alone else None
        """Axes of the Box that become ``[C, H, W]``; None for several Boxes and for stacks."""

    def images(self, values: Iterable[Any], leading: int) -> NDArray[Any]:
        """Images ``[*, C, H, W]`` of the Boxes' values; one alone may share its memory.

        Args:
            values: of each Box, with leading axes.
            leading: number of these axes.
        """
        parts = []
        for value, last in zip(values, self._last, strict=True):
            array = np.asarray(value, self.dtype)
            array = np.moveaxis(array, -1, -3) if last else array
            if array.ndim > leading + 3:
                array = array.reshape(*array.shape[:leading], -1, *array.shape[-2:])
            parts.append(array)
        return parts[0] if len(parts) == 1 else np.concatenate(parts, leading)
