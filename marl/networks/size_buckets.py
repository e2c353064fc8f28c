"""Rows of a batch by how many are there, so that nothing is computed for those who are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["SizeBucket", "size_buckets"]


@dataclass(frozen=True)
class SizeBucket:
    """The rows of a batch in which equally many are there.

    Args:
        rows: ``[R]``.
        members: ``[R, n]``, who is there, in the order of their axis.
    """

    rows: Tensor
    members: Tensor

    def pick(self, x: Tensor) -> Tensor:
        """Take the members' part of ``[M, N, ...]``, ``[R, n, ...]``."""
        return x.flatten(0, 1).index_select(0, self._places(x)).view(*self.members.shape, *x.shape[2:])

    def pick_pairs(self, x: Tensor) -> Tensor:
        """Take the part of ``[M, N, N]`` in which row and column are members, ``[R, n, n]``."""
        return x[self.rows[:, None, None], self.members[:, :, None], self.members[:, None]]

    @staticmethod
    def put(x: Tensor, buckets: Sequence[SizeBucket], parts: Sequence[Tensor]) -> Tensor:
        """Replace the members' part of ``[M, N, ...]``, by ``[R, n, ...]`` of each bucket; others keep theirs."""
        places = torch.cat([each._places(x) for each in buckets])
        return x.flatten(0, 1).index_copy(0, places, torch.cat([part.flatten(0, 1) for part in parts])).view_as(x)

    def _places(self, x: Tensor) -> Tensor:
        return (self.rows[:, None] * x.shape[1] + self.members).flatten()


def size_buckets(there: Tensor) -> list[SizeBucket]:
    """Buckets of a batch on a CPU, the smallest size first; none for one row, or where all are there, or nobody is.

    Teams of several sizes share a batch whose axis has the size of the largest, so that most pairs are pairs with
    somebody who is not there. Another device would have to wait until it is known who is.

    Args:
        there: ``[M, N]``.
    """
    # a single row has nothing to be sorted; attention that is watched while one world is played keeps its whole axis
    if there.device.type != "cpu" or torch.compiler.is_compiling() or len(there) == 1 or bool(there.all()):
        return []
    sizes = there.sum(1)
    first = (~there).byte().argsort(dim=1, stable=True)
    alike = [(int(size), (sizes == size).nonzero().squeeze(1)) for size in sizes.unique()]
    return [SizeBucket(rows, first[rows, :size]) for size, rows in alike if size]
