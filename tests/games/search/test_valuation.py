from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.positions import positions_of
from marl.games.search.valuation import masked_softmax, value_positions


class Given:
    """Evaluation by given numbers."""

    def __init__(self, logits: Any, values: Any) -> None:
        self.given = logits, values

    def evaluate(self, positions: Any) -> Any:
        return self.given


def test_illegal_actions_have_no_share() -> None:
    logits = np.array([[1000 + math.log(3), 7, 1000], [0, 0, math.nan]], dtype=np.float32)
    prior, masked = masked_softmax(logits, np.array([[True, False, True], [True, True, False]]))
    assert prior.dtype == masked.dtype == np.float32
    assert prior.ravel().tolist() == pytest.approx([0.75, 0, 0.25, 0.5, 0.5, 0], abs=1e-4)
    assert masked.ravel().tolist() == pytest.approx([0, -math.inf, -math.log(3), 0, 0, -math.inf], abs=1e-4)


def test_positions_are_valued_as_the_evaluator_says() -> None:
    positions = positions_of([TicTacToe().play(4)], False)
    valued = value_positions(positions, Given([[0.0] * 4 + [math.nan] + [0.0] * 4], [[0.5, -0.5]]))
    assert valued.prior[0].tolist() == [0.125] * 4 + [0] + [0.125] * 4
    assert valued.values.tolist() == [[0.5, -0.5]]


@pytest.mark.parametrize(
    ("logit", "value", "shown"),
    [
        (math.nan, 0.0, "nan"),
        (math.inf, 0.0, "inf"),
        (-math.inf, 0.0, "inf"),
        (0.0, math.nan, "nan"),
        (0, -1.5, "-1.5"),
    ],
)
def test_numbers_that_are_none_are_refused(logit: float, value: float, shown: str) -> None:
    positions = positions_of([TicTacToe()] * 2, False)
    evaluator = Given([[0.0] * 9, [logit] * 9], [[0.0, 0.0], [0.0, value]])
    with pytest.raises(ValueError, match=rf"tic_tac_toe: the evaluator gave \[.*{shown}.*\]; logits of legal actions"):
        value_positions(positions, evaluator)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"tic_tac_toe: the evaluator gave logits \(1, 9\) and values \(1, 3\); .*\(1, 2\)"
    ):
        value_positions(positions_of([TicTacToe()], False), Given([[0.0] * 9], [[0.0] * 3]))
