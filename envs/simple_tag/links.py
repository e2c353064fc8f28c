"""Links of the episodes that run in copies of simple_tag."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor

from marl.wrappers.rules.message_graph import MessageGraph

__all__ = ["EpisodeLinks", "of_each_side"]


class EpisodeLinks:
    """Draws for the links of ``B`` running episodes: their range and loss, and which pairs are down now.

    Args:
        graph: message links; None for no messages, and nothing is drawn.
        num_copies: ``B``.
        num_agents: ``N``, on all sides of agents.
        training: True to draw ranges and losses.

    Attributes:
        episode: ``[B, 2]``, what `MessageGraph.draw` drew; None if nothing varies.
        down: ``[B, N, N]`` of bool, pairs that an outage keeps from hearing each other; None without outages.
    """

    def __init__(self, graph: MessageGraph | None, num_copies: int, num_agents: int, training: bool) -> None:
        self._graph, self._size, self._training = graph, (num_copies, num_agents), training
        self.episode: Tensor | None = None
        self.down: Tensor | None = None

    def begin(self, begins: Tensor, generator: torch.Generator) -> None:
        """Draw for the copies that begin an episode, ``[B]`` of bool."""
        if self._graph is None:
            return
        drawn = self._graph.draw(self._size[0], generator) if self._training else None
        outages = self._graph.outages
        down = None if outages is None else outages.draw(*self._size, generator)
        if drawn is not None and self.episode is not None:
            drawn = drawn.where(begins[:, None], self.episode)
        if down is not None and self.down is not None:
            down = down.where(begins[:, None, None], self.down)
        self.episode, self.down = drawn, down

    def advance(self, generator: torch.Generator) -> None:
        """Draw which pairs are down at the next step."""
        if self.down is not None and self._graph is not None and self._graph.outages is not None:
            self.down = self._graph.outages.draw(*self._size, generator, self.down)


def of_each_side(down: Tensor | None, sizes: Sequence[int]) -> list[Tensor | None]:
    """The part of ``down`` ``[B, N, N]`` among the agents of each side, who lie one side after the other."""
    if down is None:
        return [None] * len(sizes)
    return [down[:, end - size : end, end - size : end] for size, end in zip(sizes, accumulate(sizes), strict=True)]
