from __future__ import annotations

import torch

from marl.networks.own_past import OwnPast

VALID = torch.tensor([[[False, True]]])
STARTED = torch.tensor([[False], [False], [True], [False]])
ALWAYS = torch.ones(4, 1, 1, dtype=torch.bool)


def test_what_all_attend_to_by_hand() -> None:
    """Window 2, one valid cached entry, an episode begins at the third of four steps."""
    past = OwnPast.of(VALID, STARTED, ALWAYS, 2)
    assert past.mask[0, 0].long().tolist() == [
        [0, 1, 1, 0, 0, 0],
        [0, 1, 1, 1, 0, 0],
        [0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 1, 1],
    ]
    for length, expected in ((4, [True, True]), (3, [False, True]), (2, [True, True]), (1, [True, True])):
        assert OwnPast.of(VALID, STARTED[:length], ALWAYS[:length], 2).valid[0, 0].tolist() == expected
    assert past.order is None


def test_one_mask_serves_all_who_act_at_every_step() -> None:
    past = OwnPast.of(VALID.expand(1, 3, 2), STARTED, ALWAYS.expand(4, 1, 3), 2)
    assert past.mask.shape == (1, 1, 4, 6)
    assert past.valid.shape == (1, 3, 2)


def test_steps_at_which_one_waits_are_passed_last_and_not_kept() -> None:
    """It acts at steps 0, 2 and 3 of the episode that was running; the cache then holds the last two of these."""
    acts = torch.tensor([True, False, True, True])[:, None, None]
    past = OwnPast.of(VALID, torch.zeros(4, 1, dtype=torch.bool), acts, 2)
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
    past = OwnPast.of(VALID, STARTED[:1], ~ALWAYS[:1], 2)
    assert past.keep(torch.tensor([7.0, 8.0, 9.0])[None, None, :, None]).flatten().tolist() == [7, 8]
    assert past.valid.equal(VALID)


def test_who_joins_late_has_no_past_and_needs_no_other_order() -> None:
    acts = torch.tensor([False, False, True, True])[:, None, None]
    past = OwnPast.of(VALID & False, torch.zeros(4, 1, dtype=torch.bool), acts, 2)
    assert past.order is None
    assert past.mask[0, 0, 2:].long().tolist() == [[0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 1, 1]]
    assert past.valid.tolist() == [[[True, True]]]
