"""Choice and target from statistics of two actions, 0 and 2; the action 1 is not legal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.positions import positions_of
from marl.games.search.forest import Roots, Valued
from marl.games.search.found import Found, found_of

CELLS = TicTacToe((0b001010010, 0b010101000))  # free are 0, 2 and 8
LEGAL = [0, 2, 8]


def found(visits: Any, values: Any, proven: Any, root: float | None = None, noise: Any = None) -> Found:
    """Results of one root from numbers of its three legal actions, for the mover.

    Args:
        visits, values, proven: of the actions.
        root: outcome of a proven root.
        noise: Gumbel noise of the actions, whose improved logits are their values; None for PUCT.
    """
    positions = positions_of([CELLS], False)
    assert positions.mover.tolist() == [0]
    assert np.flatnonzero(positions.legal[0]).tolist() == LEGAL

    def whole(row: Any, dtype: Any, empty: Any = 0) -> Any:
        array = np.full((1, 9), empty, dtype=dtype)
        array[0, LEGAL] = row
        return array

    prior = whole([0.2, 0.5, 0.3], np.float32)
    roots = Valued(positions, prior, np.log(np.maximum(prior, 1e-30)), np.array([[0.3, -0.3]]))
    own = whole(values, np.float64)
    total = 0.3 + float(np.dot(visits, values)) if root is None else root
    grown = Roots(
        whole(visits, np.int32),
        np.stack([own, -own], 2),
        whole(proven, np.bool_),
        whole(values, np.float64, -np.inf),
        np.array([sum(visits)]),
        np.array([[total, -total]]),
        np.array([root is not None]),
    )
    return found_of(roots, grown, None if noise is None else whole(noise, np.float64))


NONE = [False] * 3


def test_the_most_visited_action_is_played_and_shares_are_taught() -> None:
    result = found([1, 3, 4], [0.9, 0.1, -0.2], NONE)
    assert result.action.tolist() == [8]
    assert result.target[0, LEGAL].tolist() == pytest.approx([1 / 8, 3 / 8, 4 / 8])
    assert result.root_value[0].tolist() == pytest.approx([0.4 / 8, -0.4 / 8])
    assert result.evaluated.tolist() == [[0.3, -0.3]]


@pytest.mark.parametrize(
    ("values", "proven", "action"),
    [
        ([0.0, 0.1, -0.2], [True, False, False], 0),  # a certain draw is no worse than the most visited one's mean
        ([-1.0, 0.1, -0.2], [True, False, False], 8),
        ([0.0, 0.1, 0.0], [True, False, False], 0),  # as good
        ([0.0, 0.1, -1.0], [False, False, True], 2),  # the most visited one is lost
        ([0.0, -1.0, -1.0], [False, True, True], 0),
    ],
)
def test_a_proven_action_is_played_if_it_is_as_good(values: Any, proven: Any, action: int) -> None:
    assert found([1, 3, 4], values, proven).action.tolist() == [action]


def test_a_won_root_teaches_its_winning_moves() -> None:
    result = found([1, 2, 3], [1.0, -1.0, 1.0], [True] * 3, root=1.0)
    assert result.target[0, LEGAL].tolist() == [0.5, 0, 0.5]
    assert result.action.tolist() == [8]  # of both the one that was visited more
    assert result.root_value.tolist() == [[1, -1]]


def test_a_drawn_root_teaches_its_draws_and_a_lost_one_its_search() -> None:
    drawn = found([1, 2, 3], [-1.0, 0.0, -1.0], [True] * 3, root=0.0)
    assert drawn.target[0, LEGAL].tolist() == [0, 1, 0]
    lost = found([1, 2, 3], [-1.0] * 3, [True] * 3, root=-1.0)
    assert lost.target[0, LEGAL].tolist() == pytest.approx([1 / 6, 2 / 6, 3 / 6])


def test_the_halvings_winner_has_the_largest_noise_logit_and_value_of_the_most_visited() -> None:
    assert found([4, 4, 1], [0.5, 0.4, 0.0], NONE, noise=[0.0, 0.2, 9.0]).action.tolist() == [2]
    result = found([4, 4, 1], [0.5, 0.4, 0.0], NONE, noise=[0.0, 0.0, 9.0])
    assert result.action.tolist() == [0]
    shares = np.exp([0.5, 0.4, 0.0])
    assert result.target[0, LEGAL].tolist() == pytest.approx((shares / shares.sum()).tolist())


def test_a_proven_action_that_is_worse_than_another_may_be_does_not_win_the_halving() -> None:
    assert found([4, 4, 1], [-1.0, -0.4, 0.0], [True, False, False], noise=[9.0, 0.0, 0.0]).action.tolist() == [2]
    assert found([4, 4, 1], [-1.0, -1.0, 0.0], [True, True, False], noise=[9.0, 0.0, 0.0]).action.tolist() == [8]
    assert found([4, 4, 1], [0.0, -0.4, -0.2], [True, False, False], noise=[9.0, 0.0, 0.0]).action.tolist() == [0]
    # a root won by 8 in its first visit
    assert found([4, 4, 1], [0.1, 0.1, 1.0], [False, False, True], 1.0, [9.0, 0.0, 0.0]).action.tolist() == [8]
