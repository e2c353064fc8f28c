"""Choice of the nearest of several things."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["nearest"]


def nearest(seen: Tensor, offset: Tensor, there: Tensor, count: int) -> Tensor:
    """Features of the nearest things that are present, nearest first, each with a 1 for presence.

    Things at equal distance keep their order. Zeros follow where fewer than ``count`` are present.

    Args:
        seen: ``[B, N_c, M, W]``, features of each thing.
        offset: ``[B, N_c, M, 2]``, position of each thing relative to the agent.
        there: ``[B, N_c, M]``, True for things that are present.
        count: ``k``.

    Returns:
        ``[B, N_c, k, W + 1]``; the last number is 1 for a thing that is present, 0 for none.
    """
    distance = offset.square().sum(-1).masked_fill(~there, torch.inf)
    # A stable sort breaks ties by order on every device, where `topk` would not.
    order = distance.argsort(dim=-1, stable=True)[..., :count, None]
    known = torch.cat([seen, torch.ones_like(seen[..., :1])], -1)
    known = known.masked_fill(~there[..., None], 0)
    # A world with fewer than k things has no k-th column to gather, so the rest is padded.
    chosen = known.gather(2, order.expand(*order.shape[:-1], known.shape[-1]))
    return torch.nn.functional.pad(chosen, (0, 0, 0, count - chosen.shape[2]))
