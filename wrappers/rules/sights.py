"""Kinds of things that a class can see, and the choice of the nearest."""

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
        count: number of nearest ones that are seen; None for all in the world.
    """

    name: str
    count: int | None = None

    def layout(self, number: int) -> tuple[int, ...]:
        """Layout of its features among ``number`` such things: 2 for a vector of the plane, 1 for another number."""
        vectors = (2,) if self.name == "landmarks" else (2, 2)
        return vectors * number if self.count is None else (*vectors, 1) * self.count


def read_sight(text: str) -> Sight:
    """Parse a sight, ``NAME`` or ``NAME:COUNT``.

    Raises:
        ValueError: for an unknown name, or a count that is not an integer of at least 1.
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
