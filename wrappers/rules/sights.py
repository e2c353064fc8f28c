"""What a class can be declared to see, and the nearest of several things."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["SIGHTS", "Sight", "nearest", "read_sight"]

SIGHTS = ("landmarks", "prey", "predators", "teammates")


@dataclass(frozen=True)
class Sight:
    """One kind of thing that a class sees.

    Args:
        name: one of `SIGHTS`.
        count: how many of them, the nearest; None for all there are in this world.
    """

    name: str
    count: int | None = None

    def layout(self, number: int) -> tuple[int, ...]:
        """Its features where there are ``number`` of them: 2 for each vector of the plane, 1 for each other number."""
        vectors = (2,) if self.name == "landmarks" else (2, 2)
        return vectors * number if self.count is None else (*vectors, 1) * self.count


def read_sight(text: str) -> Sight:
    """A sight from ``NAME`` or ``NAME:COUNT``.

    Raises:
        ValueError: if it is neither.
    """
    name, colon, number = text.partition(":")
    if name not in SIGHTS:
        raise ValueError(f"{text!r}; what can be seen is {', '.join(SIGHTS)}")
    if not colon:
        return Sight(name)
    if not (number.isdecimal() and int(number) > 0):
        raise ValueError(f"{text!r}; write {name} for all, or {name}:4 for the nearest four")
    return Sight(name, int(number))


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
