"""Archive: positions that self-play was in, to begin other games in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from marl.games.positions import Positions

__all__ = ["Archive"]


class Archive:
    """The latest positions that games were in, in some of which others begin.

    Such games are short, so that values are learnt from more outcomes, and go where games from the beginning rarely do.
    Reference: Trudeau and Bowling, "Targeted Search Control in AlphaZero for Effective Policy Improvement", AAMAS 2023,
    https://arxiv.org/abs/2302.12359.

    Args:
        share: share of games that begin in it.
        size: most positions that are kept.
    """

    def __init__(self, share: float, size: int) -> None:
        self.share, self.size = share, size
        self.states = np.zeros((0, 0), np.int64)
        """``[n, D]``, as of `Positions.state`, the oldest first."""

    def add(self, states: NDArray[np.int64]) -> None:
        """Keep positions ``[n, D]`` of games that go on, and forget the oldest."""
        width = max(self.states.shape[1], states.shape[1])  # games in Python are stored by their moves
        parts = [
            np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=-1) for part in (self.states, states)
        ]
        self.states = np.concatenate(parts)[-self.size :]

    def begin(
        self, positions: Positions, places: NDArray[np.int64], generator: np.random.Generator
    ) -> NDArray[np.int64]:
        """Put positions that are drawn evenly in a share of some places; returns the other places, as they were."""
        if not len(self.states):
            return places
        chosen = generator.random(len(places)) < self.share
        rows = generator.integers(len(self.states), size=chosen.sum())
        positions.load_state(self.states[rows], places[chosen])
        return places[~chosen]
