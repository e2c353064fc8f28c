"""Drawn positions of games."""

from __future__ import annotations

import random
from typing import Any


def positions(start: Any, count: int, plies: int, seed: int = 0) -> list[Any]:
    """Unfinished positions after actions that are drawn."""
    draw, found = random.Random(seed), []
    while len(found) < count:
        game = start
        for _ in range(plies):
            game = game.play(draw.choice(game.legal)) if not game.over else game
        found += [] if game.over else [game]
    return found
