"""Valued positions as a search takes them: checked, with a softmax over legal actions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from marl.games.positions import Positions
from marl.games.search.evaluator import Evaluator
from marl.games.search.forest import Valued

__all__ = ["masked_softmax", "value_positions"]


def masked_softmax(
    logits: NDArray[np.floating], legal: NDArray[np.bool_]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Probabilities of legal actions, 0 for others, and logits whose largest is 0, -inf for others.

    Args:
        logits: ``[n, A]``; those of illegal actions are ignored.
        legal: ``[n, A]``, at least one a row.
    """
    masked = np.where(legal, logits, -np.inf).astype(logits.dtype, copy=False)
    masked -= masked.max(1, keepdims=True)
    weights = np.exp(masked)
    return weights / weights.sum(1, keepdims=True), masked


def value_positions(positions: Positions, evaluator: Evaluator) -> Valued:
    """Value positions.

    Args:
        positions: none of them finished.
        evaluator: values them.

    Raises:
        ValueError: naming the game, if a position has no legal action, or the evaluator gives anything but finite
            logits ``[n, A]`` of legal actions and values ``[n, P]`` in ``[-1, 1]``.
    """
    game, legal = positions.game, positions.legal
    if not legal.any(1).all():
        raise ValueError(f"{game.name}: a position that is not finished has no legal action; its rules are at fault")
    logits, values = evaluator.evaluate(positions)
    logits, values = np.asarray(logits, dtype=np.float32), np.ascontiguousarray(values, dtype=np.float64)
    shapes = (len(positions), game.num_actions), (len(positions), game.num_players)
    if (logits.shape, values.shape) != shapes:
        raise ValueError(
            f"{game.name}: the evaluator gave logits {logits.shape} and values {values.shape}; needed are {shapes[0]} "
            f"and {shapes[1]}"
        )
    with np.errstate(invalid="ignore", over="ignore"):  # refused below, by name
        prior, masked = masked_softmax(logits, legal)
    fine = np.isfinite(logits) | ~legal, np.abs(values) <= 1  # False for NaN too
    if not (fine[0].all() and fine[1].all()):
        odd = [*logits[~fine[0]], *values[~fine[1]]]
        raise ValueError(
            f"{game.name}: the evaluator gave {list(map(float, odd[:3]))}; logits of legal actions must be finite and "
            "values in [-1, 1]"
        )
    return Valued(positions, prior, masked, values)
