"""Players that do not search."""

from __future__ import annotations

import numpy as np

from marl.core.game import Game
from marl.players.player import View

__all__ = ["FirstLegal", "Random"]


class Random:
    """Draw any legal action.

    Args:
        seed: of the draws.
    """

    def __init__(self, seed: int) -> None:
        self.generator = np.random.default_rng(seed)

    def choose(self, game: Game) -> int:
        """See `Player`."""
        return int(self.generator.choice(game.legal))

    def view(self) -> View | None:
        """None; see `Player`."""
        return None


class FirstLegal:
    """Play the first legal action in rising order."""

    def choose(self, game: Game) -> int:
        """See `Player`."""
        return game.legal[0]

    def view(self) -> View | None:
        """None; see `Player`."""
        return None
