"""Links that fail for several steps at a time, shared by the PettingZoo wrapper and the batched simulator."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from marl.wrappers.rules.settings import check_outage

__all__ = ["Outages", "drawn_for_pairs"]


@dataclass(frozen=True)
class Outages:
    r"""Outages of links: each pair of agents hears each other or does not, and changes by chance from step to step.

    .. math:: P(\text{up} \mid \text{down}) = \frac{1}{\text{steps}}, \quad
        P(\text{down} \mid \text{up}) = \frac{\text{share}}{(1 - \text{share}) \, \text{steps}}

    So an outage lasts ``steps`` steps on average, and a pair is down for ``share`` of the time, from the first step of
    an episode on. Both directions of a link fail together.
    Reference: Gilbert, "Capacity of a Burst-Noise Channel", 1960, https://doi.org/10.1002/j.1538-7305.1960.tb03959.x.

    Args:
        share: share of the time that a pair is down, above 0 and below 1.
        steps: mean length of an outage, at least 1 and at least ``share / (1 - share)``.

    Raises:
        ValueError: for a share or a length outside.
    """

    share: float
    steps: float

    def __post_init__(self) -> None:
        check_outage(self.share, self.steps)

    def draw(
        self, num_copies: int, num_agents: int, generator: torch.Generator, before: Tensor | None = None
    ) -> Tensor:
        """Draw which pairs are down, ``[B, N, N]`` of bool, the same in both directions; the diagonal means nothing.

        Args:
            num_copies: ``B``.
            num_agents: ``N``.
            generator: source of the draws.
            before: those that were down a step before; None at the beginning of an episode.
        """
        drawn = drawn_for_pairs((num_copies, num_agents, num_agents), generator)
        if before is None:
            return drawn < self.share
        fails = self.share / ((1 - self.share) * self.steps)
        return drawn < torch.where(before, 1 - 1 / self.steps, fails)


def drawn_for_pairs(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draw a number between 0 and 1 for each pair, ``[..., N, N]``, symmetric; the diagonal means nothing."""
    drawn = torch.rand(shape, generator=generator, device=generator.device).triu()
    return drawn + drawn.mT
