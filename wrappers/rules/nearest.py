"""The nearest of several things."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["nearest"]


def nearest(seen: Tensor, offset: Tensor, there: Tensor, count: int) -> Tensor:
    """The nearest of those that are there, nearest first, and whether there were so many.

    Of equally near ones the first comes first. Where there are fewer than ``count``, zeros follow.

    Args:
        seen: ``[B, N_c, M, W]``, what is known of each.
        offset: ``[B, N_c, M, 2]``, where each is from the agent.
        there: ``[B, N_c, M]``, True for those that are there.
        count: ``k``.

    Returns:
        ``[B, N_c, k, W + 1]``; the last number is 1 for one that is there, 0 for none.
    """
    distance = offset.square().sum(-1).masked_fill(~there, torch.inf)
    order = distance.argsort(dim=-1, stable=True)[..., :count, None]
    known = torch.cat([seen, torch.ones_like(seen[..., :1])], -1)
    known = known.masked_fill(~there[..., None], 0)
    chosen = known.gather(2, order.expand(*order.shape[:-1], known.shape[-1]))
    return torch.nn.functional.pad(chosen, (0, 0, 0, count - chosen.shape[2]))
