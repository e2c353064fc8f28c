"""Message links between predators, shared by the PettingZoo wrapper and the batched simulator."""

from __future__ import annotations

import torch
from torch import Tensor

from marl.wrappers.rules.outages import Outages, drawn_for_pairs
from marl.wrappers.rules.settings import check_links, check_outage
from marl.wrappers.rules.world import World

__all__ = ["MessageGraph"]


class MessageGraph:
    """Message links between predators, from the distances between them.

    A predator hears another if both are present and at most ``range`` apart. With ``nearest``, it hears only that
    many of them, the nearest ones. No predator hears itself. Without ``nearest`` the graph is symmetric.

    Args:
        range: largest distance of a link, at least 0; None for unlimited.
        nearest: largest number of predators that one hears, at least 1; None for all within range.
        link_loss: probability that a pair cannot hear each other at a step of training, in
            ``[0, 1)``; drawn once for both directions. Or two bounds between which the probability
            of each training episode is drawn.
        training_range: bounds between which the range of each training episode is drawn, so that
            agents learn the value of messages before they learn to stay within range; None
            for ``range`` in training too.
        outage: share of the time that a pair cannot hear each other, in training and in play; see `Outages`.
        outage_steps: mean number of steps until it can again.

    Attributes:
        outages: the rule of the outages; None for none.

    Raises:
        ValueError: for a negative range, bounds in the wrong order, ``nearest`` below 1, a loss or an outage
            outside ``[0, 1)``, or outages that are too short.
    """

    def __init__(
        self,
        range: float | None = None,
        nearest: int | None = None,
        link_loss: float | tuple[float, float] = 0.0,
        training_range: tuple[float, float] | None = None,
        outage: float = 0.0,
        outage_steps: float = 10.0,
    ) -> None:
        check_links(range, nearest, link_loss, training_range)
        check_outage(outage, outage_steps)
        self.outages = Outages(outage, outage_steps) if outage else None
        losses = link_loss if isinstance(link_loss, tuple) else (link_loss, link_loss)
        self.range, self.nearest, self.training_range, self.losses = range, nearest, training_range, losses

    def draw(self, num_copies: int, generator: torch.Generator) -> Tensor | None:
        """Draw range and loss of one training episode for each copy, ``[B, 2]``; None if neither varies."""
        low, high = self.losses
        if self.training_range is None and low == high:
            return None
        within = torch.inf if self.range is None else self.range
        bounds = torch.tensor([self.training_range or (within, within), self.losses], device=generator.device)
        lows, highs = bounds.unbind(1)
        drawn = torch.rand(num_copies, 2, generator=generator, device=generator.device)
        # Equal bounds are a fixed value, and an unlimited range has two infinite ones, whose difference is no number.
        return torch.where(lows == highs, lows, lows + (highs - lows) * drawn)

    def __call__(
        self,
        world: World,
        generator: torch.Generator | None = None,
        episode: Tensor | None = None,
        down: Tensor | None = None,
    ) -> Tensor:
        """Adjacency, True where the agent of the row hears that of the column.

        Args:
            world: with leading axis ``[B]``.
            generator: source of the lost links; without it no link is lost.
            episode: ``[B, 2]``, range and loss that `draw` returned for the running episodes; None for ``range``
                and the smaller loss.
            down: ``[B, N, N]``, pairs that an outage keeps from hearing each other; None for none.

        Returns:
            ``[B, N, N]`` of bool.
        """
        position, alive = world.predator_position, world.alive
        size = alive.shape[-1]
        itself = torch.eye(size, dtype=torch.bool, device=alive.device)
        adjacency = alive[:, :, None] & alive[:, None, :] & ~itself
        within = self.range if episode is None else episode[:, :1, None]
        loss = self.losses[0] if episode is None else episode[:, 1:, None]
        if within is not None or self.nearest is not None:
            distance = (position[:, :, None] - position[:, None]).square().sum(-1).sqrt()
            if within is not None:
                adjacency = adjacency & (distance <= within)
            # Only links within range compete; `topk` fills up with pairs at infinity, which `&` removes again.
            if self.nearest is not None and self.nearest < size - 1:
                adjacency = adjacency & _nearest(distance.masked_fill(~adjacency, torch.inf), self.nearest)
        if self.losses[1] and generator is not None:
            adjacency = adjacency & (drawn_for_pairs(adjacency.shape, generator) >= loss)
        return adjacency if down is None else adjacency & ~down


def _nearest(distance: Tensor, count: int) -> Tensor:
    chosen = distance.topk(count, dim=-1, largest=False).indices
    return torch.zeros_like(distance, dtype=torch.bool).scatter_(-1, chosen, True)
