from __future__ import annotations

import pytest
import torch
from torch import Tensor

from marl.wrappers.rules.message_graph import MessageGraph
from marl.wrappers.rules.outages import Outages
from marl.wrappers.rules.world import World

COPIES, STEPS = 2000, 150


def course(outages: Outages) -> Tensor:
    """Which of three pairs are down at each step, ``[T, B * 3]``."""
    generator, down, seen = torch.Generator().manual_seed(0), None, []
    for _ in range(STEPS):
        down = outages.draw(COPIES, 3, generator, down)
        assert down.equal(down.mT)
        seen.append(torch.stack([down[:, 0, 1], down[:, 0, 2], down[:, 1, 2]], 1).flatten())
    return torch.stack(seen)


@pytest.mark.parametrize(("share", "steps"), [(0.3, 10.0), (0.7, 5.0), (0.5, 1.0)])
def test_outages_are_as_frequent_and_as_long_as_said(share: float, steps: float) -> None:
    down = course(Outages(share, steps))
    # 6,000 independent pairs at a step: standard error of a share at most 0.0065
    for time in (0, STEPS // 2, STEPS - 1):
        assert abs(down[time].float().mean() - share) < 0.026
    # outages that begin and end: their number over the steps in them, each step down ending with 1 / steps
    ended = (down[:-1] & ~down[1:]).sum() / down[:-1].sum()
    began = (~down[:-1] & down[1:]).sum() / (~down[:-1]).sum()
    assert ended.item() == pytest.approx(1 / steps, rel=0.03)
    assert began.item() == pytest.approx(share / (1 - share) / steps, rel=0.03)


def test_pairs_fail_on_their_own() -> None:
    down = course(Outages(0.5, 4.0))[-1].view(COPIES, 3).float()
    # 2,000 copies: standard error of a correlation 0.022
    assert (torch.corrcoef(down.T) - torch.eye(3)).abs().max() < 0.09


def test_a_pair_that_is_down_hears_nothing_both_ways() -> None:
    world = World(torch.zeros(1, 3, 2), torch.zeros(1, 3, 2), torch.ones(1, 3, dtype=torch.bool), 0)
    down = torch.tensor([[[True, True, False], [True, True, False], [False, False, True]]])
    assert MessageGraph()(world, down=down).int().tolist() == [[[0, 0, 1], [0, 0, 1], [1, 1, 0]]]


@pytest.mark.parametrize(
    ("share", "steps", "message"),
    [
        (1.0, 10.0, "outage is 1.0; give the share of the time that a link is down, from 0 to below 1"),
        (-0.1, 10.0, "outage is -0.1"),
        (float("nan"), 10.0, "outage is nan"),
        (0.5, 0.9, "outage_steps is 0.9; .* give at least 1"),
        (0.9, 8.0, "outage_steps is 8.0; for links that are down for 0.9 of the time give at least 9"),
        (0.5, float("inf"), "outage_steps is inf"),
    ],
)
def test_bad_input_is_refused(share: float, steps: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Outages(share, steps)
    with pytest.raises(ValueError, match=message):
        MessageGraph(outage=share, outage_steps=steps)


def test_links_always_hold_unless_said() -> None:
    assert MessageGraph().outages is None
    assert MessageGraph(outage=0.5, outage_steps=4.0).outages == Outages(0.5, 4.0)
