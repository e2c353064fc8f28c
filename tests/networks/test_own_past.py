from __future__ import annotations

import pytest
import torch
from torch import Tensor

from marl.networks.own_past import OwnPast

VALID = torch.tensor([[[False, True]]])
STARTED = torch.tensor([[False], [False], [True], [False]])
ALWAYS = torch.ones(4, 1, 1, dtype=torch.bool)


def past_of(valid: Tensor, started: Tensor, acting: Tensor, alive: Tensor | None = None) -> OwnPast:
    """With a window of 2, of agents that are all there if it is not said."""
    return OwnPast.of(valid, started, acting, torch.ones_like(acting) if alive is None else alive, 2)


def test_what_all_attend_to_by_hand() -> None:
    """Window 2, one valid cached entry, an episode begins at the third of four steps."""
    past = past_of(VALID, STARTED, ALWAYS)
    assert past.mask[0, 0].long().tolist() == [
        [0, 1, 1, 0, 0, 0],
        [0, 1, 1, 1, 0, 0],
        [0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 1, 1],
    ]
    for length, expected in ((4, [True, True]), (3, [False, True]), (2, [True, True]), (1, [True, True])):
        assert past_of(VALID, STARTED[:length], ALWAYS[:length]).valid[0, 0].tolist() == expected
    assert past.order is None


def test_one_mask_serves_all_who_act_at_every_step() -> None:
    past = past_of(VALID.expand(1, 3, 2), STARTED, ALWAYS.expand(4, 1, 3))
    assert past.mask.shape == (1, 1, 4, 6)
    assert past.valid.shape == (1, 3, 2)


def test_one_mask_serves_where_others_are_not_there() -> None:
    """The second agent is absent; were it there and waiting, it would see only the present step."""
    valid, acting = torch.cat([VALID, ~VALID & VALID], 1), torch.tensor([True, False]).expand(4, 1, 2)
    past = past_of(valid, STARTED, acting, acting)
    assert past.mask.equal(past_of(VALID, STARTED, ALWAYS).mask)
    assert past.valid.tolist() == [[[True, True], [False, False]]]
    assert past_of(valid, STARTED, acting).mask[0, 1].long().tolist() == [
        [0, 0, 1, 0, 0, 0],
        [0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 1],
    ]


def test_steps_at_which_one_waits_are_passed_last_and_not_kept() -> None:
    """It acts at steps 0, 2 and 3 of the episode that was running; the cache then holds the last two of these."""
    acts = torch.tensor([True, False, True, True])[:, None, None]
    past = past_of(VALID, torch.zeros(4, 1, dtype=torch.bool), acts)
    assert past.order is not None
    assert past.order.tolist() == [[[0, 2, 3, 1]]]
    assert past.mask[0, 0].long().tolist() == [
        [0, 1, 1, 0, 0, 0],
        [0, 1, 1, 1, 0, 0],
        [0, 0, 1, 1, 1, 0],
        [0, 0, 0, 0, 0, 1],
    ]
    assert past.valid.tolist() == [[[True, True]]]
    x = torch.arange(6.0)[None, None, :, None]
    assert past.keep(x).flatten().tolist() == [3, 4]
    steps = x[:, :, 2:]
    assert past.unpack(past.pack(steps)).equal(steps)
    assert past.pack(steps).flatten().tolist() == [2, 4, 5, 3]


def test_the_cache_stays_as_it_is_while_one_waits() -> None:
    past = past_of(VALID, STARTED[:1], ~ALWAYS[:1])
    assert past.keep(torch.tensor([7.0, 8.0, 9.0])[None, None, :, None]).flatten().tolist() == [7, 8]
    assert past.valid.equal(VALID)


def test_who_joins_late_has_no_past_and_needs_no_other_order() -> None:
    acts = torch.tensor([False, False, True, True])[:, None, None]
    past = past_of(VALID & False, torch.zeros(4, 1, dtype=torch.bool), acts)
    assert past.order is None
    assert past.mask[0, 0, 2:].long().tolist() == [[0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 1, 1]]
    assert past.valid.tolist() == [[[True, True]]]


def test_the_way_of_exported_graphs_is_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may not branch, so that every step is taken as if somebody waited; the second agent does."""
    valid, waits = VALID.expand(1, 2, 2), torch.tensor([True, False]).expand(4, 1, 2)
    for acting in (torch.ones_like(waits), waits):
        for length in (1, 4):
            usual = past_of(valid, STARTED[:length], acting[:length])
            with monkeypatch.context() as patch:
                patch.setattr("torch.compiler.is_compiling", lambda: True)
                general = past_of(valid, STARTED[:length], acting[:length])
            assert (general.order is None) == (length == 1)
            assert general.valid.equal(usual.valid)
            x = torch.arange(2.0 + length).expand(1, 2, -1)[..., None]
            packed = torch.cat([x[:, :, :2], general.pack(x[:, :, 2:])], 2)
            attended = general.unpack(general.mask.expand(1, 2, -1, -1).double() @ packed.double())
            other = torch.cat([x[:, :, :2], usual.pack(x[:, :, 2:])], 2)
            assert attended.equal(usual.unpack(usual.mask.expand(1, 2, -1, -1).double() @ other.double()))
            kept = [past.keep(torch.cat([x[:, :, :2], past.pack(x[:, :, 2:])], 2))[..., 0] for past in (general, usual)]
            assert kept[0][general.valid].equal(kept[1][usual.valid])
