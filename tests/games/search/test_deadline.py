from __future__ import annotations

from dataclasses import fields
from importlib.util import find_spec
from itertools import count
from typing import Any

import numpy as np
import pytest
from search_evaluators import Waves

from marl.envs.games.connect_four import ConnectFour
from marl.games.positions import positions_of
from marl.games.search import batch_search
from marl.games.search.batch_search import BatchSearch
from marl.games.search.configs import PUCTConfig
from marl.games.search.found import Found

needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="needs Numba")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clock that goes on by one at each look: 1 after the first positions were valued, 2 after the second."""
    monkeypatch.setattr(batch_search.time, "perf_counter", count(1).__next__)


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=needs_numba)])
@pytest.mark.parametrize("leaves", [1, 4])
def test_a_search_that_is_cut_off_is_a_shorter_one(compiled: bool, leaves: int, clock: None) -> None:
    """The third look is at the deadline: simulations are done three times, and those alone count."""
    games, generator = [ConnectFour(), ConnectFour().play(3)], np.random.default_rng(0)

    def searched(search: BatchSearch, deadline: float | None) -> Found:
        return search.run(positions_of(games, compiled), generator, noise=False, deadline=deadline)

    cut = BatchSearch(PUCTConfig(simulations=1000), Waves(), leaves)
    found = searched(cut, 3)
    done = found.visits.sum(1).tolist()
    assert done == [3] * 2 if leaves == 1 else all(3 < number <= 12 for number in done)
    for game, number in enumerate(done):
        shorter: Any = searched(BatchSearch(PUCTConfig(simulations=number), Waves(), leaves), None)
        for field in fields(Found):
            assert np.array_equal(getattr(found, field.name)[game], getattr(shorter, field.name)[game]), field.name
    again = searched(cut, 1e9)
    assert (again.visits.sum(1) == 1000).all()
