"""Eight symmetries of the square, under which simple_tag stays the same task."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from marl.core.symmetry import SignedPermutation, Symmetries
from marl.wrappers.rules.class_views import ClassViews
from marl.wrappers.rules.world import DIRECTIONS, entity_size

__all__ = ["square_symmetries", "turned"]

MATRICES = torch.tensor(
    [
        [[1, 0], [0, 1]],
        [[0, -1], [1, 0]],
        [[-1, 0], [0, -1]],
        [[0, 1], [-1, 0]],
        [[-1, 0], [0, 1]],
        [[1, 0], [0, -1]],
        [[0, 1], [1, 0]],
        [[0, -1], [-1, 0]],
    ]
)
"""``[8, 2, 2]``: turns by 0, 90, 180 and 270 degrees, then the mirrors left-right, up-down, and on both diagonals."""


def square_symmetries(views: Sequence[ClassViews], device: torch.device) -> Symmetries:
    """Effect of the eight symmetries on observations and actions of simple_tag, as tables.

    Args:
        views: features of each class, for each side of agents.
        device: device of the tables.
    """
    layouts = {name: side.layout(name) for side in views for name in side.classes}
    kinds = [1] * (entity_size(len(layouts)) - 4)
    return Symmetries(
        features={name: _of_layout(layout, device) for name, layout in layouts.items()},
        kinematics=_of_layout((2, 2), device),
        entities=_of_layout((2, 2, *kinds), device),
        auxiliary_target=_of_layout((2,), device),
        action=_of_actions().to(device),
    )


def turned(vectors: Tensor, element: int) -> Tensor:
    """Apply one of the eight symmetries to vectors ``[..., 2]`` of the plane."""
    return vectors @ MATRICES[element].to(vectors).mT


def _of_layout(layout: Sequence[int], device: torch.device) -> SignedPermutation:
    index, sign = [], []
    for matrix in MATRICES:
        # Each row of a matrix has one entry, so a symmetry only exchanges coordinates and changes signs.
        source = matrix.abs().argmax(1).tolist()
        signs = matrix.sum(1).tolist()
        places: list[int] = []
        factors: list[int] = []
        for width in layout:
            start = len(places)
            places += [start + i for i in source] if width == 2 else [start]
            factors += signs if width == 2 else [1]
        index.append(places)
        sign.append(factors)
    return SignedPermutation(torch.tensor(index, device=device), torch.tensor(sign, device=device))


def _of_actions() -> Tensor:
    """Discrete action that each of the five becomes under each symmetry, ``[8, 5]``."""
    directions = torch.tensor(DIRECTIONS)
    moved = torch.stack([turned(directions, element) for element in range(len(MATRICES))])  # [8, 5, 2]
    return (moved[:, :, None] - directions).abs().sum(-1).argmin(-1)
