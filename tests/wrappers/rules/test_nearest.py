from __future__ import annotations

import pytest
import torch
from torch.testing import assert_close

from marl.wrappers.rules.nearest import nearest

OFFSET = torch.tensor([[[[3.0, 4.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]]])
SEEN = torch.tensor([[[[10.0], [20.0], [30.0], [40.0]]]])


@pytest.mark.parametrize(
    ("there", "count", "expected"),
    [
        # distances 5, 1, 1, 0; of the two at distance 1 the first comes first
        ([True, True, True, True], 4, [[40, 1], [20, 1], [30, 1], [10, 1]]),
        ([True, True, True, True], 2, [[40, 1], [20, 1]]),
        ([True, False, True, False], 2, [[30, 1], [10, 1]]),
        ([True, False, False, False], 3, [[10, 1], [0, 0], [0, 0]]),
        ([False, False, False, False], 1, [[0, 0]]),
        ([True, True, True, True], 6, [[40, 1], [20, 1], [30, 1], [10, 1], [0, 0], [0, 0]]),
    ],
)
def test_nearest_by_hand(there: list[bool], count: int, expected: list[list[int]]) -> None:
    found = nearest(SEEN, OFFSET, torch.tensor([[there]]), count)
    assert found.tolist() == [[expected]]


def test_ties_keep_their_order_among_many() -> None:
    # sorting algorithms that are not stable only show it on longer rows
    seen = torch.arange(100.0).view(1, 1, 100, 1)
    found = nearest(seen, torch.ones(1, 1, 100, 2), torch.ones(1, 1, 100, dtype=torch.bool), 40)
    assert_close(found[0, 0, :, 0], torch.arange(40.0))


def test_each_agent_has_its_own_order() -> None:
    offset = torch.tensor([[[[1.0, 0.0], [2.0, 0.0]], [[2.0, 0.0], [1.0, 0.0]]]])
    seen = torch.tensor([[[[1.0], [2.0]], [[3.0], [4.0]]]])
    found = nearest(seen, offset, torch.ones(1, 1, 2, dtype=torch.bool), 1)
    assert found.tolist() == [[[[1.0, 1.0]], [[4.0, 1.0]]]]


def test_nothing_there_at_all() -> None:
    found = nearest(torch.zeros(2, 3, 0, 4), torch.zeros(2, 3, 0, 2), torch.zeros(2, 3, 0, dtype=torch.bool), 2)
    assert found.shape == (2, 3, 2, 5)
    assert not found.any()
