"""Openings: moves that are drawn evenly before a game is played."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from marl.core.errors import ConfigError
from marl.core.game import Game
from marl.games.positions import Positions

__all__ = ["play_openings", "random_opening"]

TRIES = 100
"""Random openings that are tried before it is told that games are too short."""


def random_opening(first: Game, moves: int, generator: np.random.Generator, setting: str = "random_moves") -> list[int]:
    """Actions of some random moves, after which the game goes on.

    Args:
        first: first position.
        moves: number of moves.
        generator: draws them.
        setting: name of the number of moves, for errors.

    Raises:
        ConfigError: if games do not last so long.
    """
    for _ in range(TRIES):
        game = first
        actions: list[int] = []
        while len(actions) < moves and not game.over:
            actions.append(int(generator.choice(game.legal)))
            game = game.play(actions[-1])
        if not game.over:
            return actions
    raise ConfigError(
        f"{setting} is {moves}: {first.name} is over after {moves} random moves, each of {TRIES} times; give fewer"
    )


def play_openings(positions: Positions, places: NDArray[np.int64], openings: Sequence[Sequence[int]]) -> None:
    """Play actions in some places, which all have the first position."""
    for step in range(max(map(len, openings), default=0)):
        actions = np.full(len(positions), -1, np.int64)
        for place, opening in zip(places, openings, strict=True):
            if step < len(opening):
                actions[place] = opening[step]
        positions.play(actions)
