"""``experiments/learn_solved.py``: what is learnt of solved positions."""

from __future__ import annotations

import learn_solved as script
import numpy as np
from make_judge import nine_board_values

from marl.games.judges.judged_positions import judged_positions
from marl.games.registry import new_game
from marl.games.search.negamax import Negamax

SHARES = np.array([[0, 0.5, 0, 0, 0.5, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0, 0, 0]], np.float32)


def test_best_moves_are_learnt_evenly_and_the_value_is_the_movers() -> None:
    """At the beginning the first player moves, after one move the second; both see their own value first."""
    start = new_game("tic_tac_toe")
    games = [start, start.play(0)]
    values = [[0.0, 1.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0], [-1.0, 0.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0]]
    samples = script.samples_of(games, values)
    assert samples.policy.tolist() == SHARES.tolist()
    assert samples.value.tolist() == [[1.0, -1.0], [0.0, 0.0]]
    lost = script.samples_of([start.play(0)], [[-1.0] * 8])
    assert lost.value.tolist() == [[-1.0, 1.0]] and lost.policy[0, 0] == 0


def test_positions_of_the_judge_have_the_values_of_its_file() -> None:
    negamax, found = Negamax(depth=1), 0
    for each in judged_positions("nine_board", 8)["late"]:
        values = nine_board_values(negamax, each.game, script.MOST_SEARCHED)
        found += values is not None
        assert values is None or values == list(each.values)
    assert found >= 3
