"""Evaluation of positions for a search: a prior over actions and the value for each seat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from marl.core.game import Game
from marl.games.positions import Positions

__all__ = ["Evaluator", "PlayoutEvaluator", "TableEvaluator", "UniformEvaluator"]


class Evaluator(Protocol):
    """Evaluation of many positions at once, none of them finished."""

    def evaluate(self, positions: Positions) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Evaluate positions.

        Returns:
            Logits of the prior, ``[G, A]``, of which those of illegal actions are ignored; and expected returns,
            ``[G, P]`` in ``[-1, 1]``, by absolute seat.
        """
        ...


class UniformEvaluator:
    """Evaluation that knows nothing: the same prior for all actions, and values of 0."""

    def evaluate(self, positions: Positions) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """See `Evaluator`."""
        games, shape = len(positions), positions.game
        return np.zeros((games, shape.num_actions), np.float32), np.zeros((games, shape.num_players))


class PlayoutEvaluator:
    """Evaluation by one random playout of each position, with the same prior for all actions.

    Args:
        seed: of the draws; the same calls give the same values.
    """

    def __init__(self, seed: int) -> None:
        self.seed, self.calls = seed, 0

    def evaluate(self, positions: Positions) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """See `Evaluator`."""
        drawn = int(np.random.SeedSequence((self.seed, self.calls)).generate_state(1)[0])
        self.calls += 1
        return np.zeros((len(positions), positions.game.num_actions), np.float32), positions.rollout(drawn)


class TableEvaluator:
    """Evaluation by a table, for games whose movers see the whole position; others get zeros.

    Args:
        table: for each position logits ``[A]`` and values ``[P]``.
    """

    def __init__(self, table: Mapping[Game, tuple[Sequence[float], Sequence[float]]]) -> None:
        # by what is seen, as compiled rules cannot be turned back to a Game
        self.table = {(game.mover, game.observe(game.mover).tobytes()): row for game, row in table.items()}

    def evaluate(self, positions: Positions) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """See `Evaluator`."""
        logits, values = UniformEvaluator().evaluate(positions)
        for g, (seat, seen) in enumerate(zip(positions.mover.tolist(), positions.observation, strict=True)):
            if (row := self.table.get((seat, seen.tobytes()))) is not None:
                logits[g], values[g] = row
        return logits, values
