"""Evaluators for tests of searches with a prior."""

from __future__ import annotations

from typing import Any

import numpy as np

from marl.games.positions import Positions


def waves(observation: Any, mover: Any, num_actions: int, num_players: int) -> tuple[Any, Any]:
    """Logits in [-2, 2] and zero-sum values in [-0.9, 0.9] that look drawn, made of observations ``[n, O]``."""
    places = 1 + np.arange(observation.shape[1])
    # no matrix product: it may round a row otherwise beside other rows
    sums = (observation * np.sqrt(places)).sum(1) + mover
    angles = sums[:, None] * (1 + np.arange(num_actions + num_players)) * 0.7
    values = np.sin(angles[:, num_actions:])
    values -= values.mean(1, keepdims=True)  # at most 4/3
    return (2 * np.sin(angles[:, :num_actions])).astype(np.float32), 0.6 * values


class Waves:
    """Evaluation by `waves`: another for each position, the same at each call."""

    def evaluate(self, positions: Positions) -> tuple[Any, Any]:
        game = positions.game
        return waves(positions.observation, positions.mover, game.num_actions, game.num_players)
