"""Adjacencies ``[GRAPHS, SIZE, SIZE]``: row hears column."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["GRAPHS", "SIZE", "directed", "empty", "symmetric"]

GRAPHS, SIZE = 3, 6


def symmetric() -> Tensor:
    """Within range, with an isolated node in each graph."""
    adjacency = (torch.rand(GRAPHS, SIZE, SIZE) < 0.5).triu(1)
    adjacency = adjacency | adjacency.mT
    adjacency[:, 2] = adjacency[:, :, 2] = False
    return adjacency


def directed() -> Tensor:
    """Each hears its two nearest on a line, which need not hear it."""
    place = torch.tensor([0.0, 0.1, 0.25, 1.0, 1.9, 4.0])
    distance = (place[:, None] - place).abs() + torch.eye(SIZE) * 100
    nearest = distance.topk(2, largest=False).indices
    return torch.zeros(SIZE, SIZE, dtype=torch.bool).scatter_(1, nearest, True).expand(GRAPHS, -1, -1)


def empty() -> Tensor:
    return torch.zeros(GRAPHS, SIZE, SIZE, dtype=torch.bool)
