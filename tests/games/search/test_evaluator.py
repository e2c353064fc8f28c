from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from marl.envs.games.quarto import Quarto
from marl.envs.games.three_marks import ThreeMarks
from marl.games.positions import positions_of
from marl.games.search.evaluator import PlayoutEvaluator, TableEvaluator, UniformEvaluator

both = pytest.mark.parametrize("compiled", [False, True])


@pytest.fixture(autouse=True)
def _compiled_needs_numba(request: Any) -> None:
    if request.node.callspec.params["compiled"] and find_spec("numba") is None:
        pytest.skip("needs Numba")


@both
def test_the_uniform_evaluator_knows_nothing(compiled: bool) -> None:
    logits, values = UniformEvaluator().evaluate(positions_of([ThreeMarks()] * 2, compiled))
    assert (logits.shape, logits.dtype, values.shape) == ((2, 16), np.float32, (2, 3))
    assert not logits.any()
    assert not values.any()


@both
def test_playouts_end_games_and_follow_their_seed(compiled: bool) -> None:
    positions = positions_of([ThreeMarks()] * 40, compiled)
    evaluator = PlayoutEvaluator(5)
    (logits, first), (_, second) = evaluator.evaluate(positions), evaluator.evaluate(positions)
    assert not logits.any()
    assert {tuple(row) for row in first} <= {(0, 0, 0), (1, -0.5, -0.5), (-0.5, 1, -0.5), (-0.5, -0.5, 1)}
    assert len({tuple(row) for row in first}) > 2
    assert not np.array_equal(first, second)
    again = PlayoutEvaluator(5)
    assert np.array_equal(again.evaluate(positions)[1], first)
    assert not np.array_equal(PlayoutEvaluator(6).evaluate(positions)[1], first)


@both
def test_a_table_knows_positions_by_mover_and_what_it_sees(compiled: bool) -> None:
    known = Quarto().play(3).play(20)  # the same seat moves twice
    row: Any = [0.5] * 32, (-0.25, 0.25)
    logits, values = TableEvaluator({known: row}).evaluate(positions_of([Quarto(), known], compiled))
    assert logits[:, 0].tolist() == [0, 0.5]
    assert values.tolist() == [[0, 0], [-0.25, 0.25]]
