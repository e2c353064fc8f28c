from __future__ import annotations

import torch
from torch import Tensor
from torch.testing import assert_close

from marl.core.records import Memory
from marl.networks.temporal_stack import TemporalStack

LENGTH, COPIES, AGENTS, WIDTH, WINDOW = 5, 2, 2, 3, 2
NEVER, ALWAYS = torch.zeros(LENGTH, COPIES, dtype=torch.bool), torch.ones(LENGTH, COPIES, AGENTS, dtype=torch.bool)
NOTHING = Memory(
    torch.full((COPIES, AGENTS, 1, WINDOW, WIDTH), 9.0),  # not valid, so what stands there counts for nothing
    torch.full((COPIES, AGENTS, 1, WINDOW, WIDTH), 9.0),
    torch.zeros(COPIES, AGENTS, WINDOW, dtype=torch.bool),
)


def summing() -> TemporalStack:
    """A stack that gives ``100 x_{t - 2} + 10 x_{t - 1} + x_t``, so that decimal places tell the steps apart."""
    model = TemporalStack(WIDTH, WINDOW)
    eye = torch.eye(WIDTH)
    model.mix[0].weight.data = torch.cat([100 * eye, 10 * eye, eye], 1)
    return model


def tokens() -> Tensor:
    """Step ``t`` has the number ``t + 1`` in all places."""
    return torch.arange(1.0, LENGTH + 1)[:, None, None, None].expand(-1, COPIES, AGENTS, WIDTH)


def test_the_last_steps_lie_side_by_side_and_zeros_before_the_episode() -> None:
    output, after = summing()(tokens(), NOTHING, NEVER, ALWAYS, ALWAYS)
    assert output[:, 0, 0, 0].tolist() == [1, 12, 123, 234, 345]
    assert after.keys[0, 0, 0, :, 0].tolist() == [4, 5]
    assert after.valid.all()


def test_a_stretch_goes_on_where_the_last_one_ended() -> None:
    model, x = summing(), tokens()
    whole, _ = model(x, NOTHING, NEVER, ALWAYS, ALWAYS)
    first, memory = model(x[:2], NOTHING, NEVER[:2], ALWAYS[:2], ALWAYS[:2])
    rest, _ = model(x[2:], memory, NEVER[2:], ALWAYS[2:], ALWAYS[2:])
    assert_close(torch.cat([first, rest]), whole)


def test_an_episode_begins_without_a_past() -> None:
    begins = NEVER.clone()
    begins[3, 1] = True
    output, _ = summing()(tokens(), NOTHING, begins, ALWAYS, ALWAYS)
    assert output[:, 1, 0, 0].tolist() == [1, 12, 123, 4, 45]
    assert output[:, 0, 0, 0].tolist() == [1, 12, 123, 234, 345]


def test_a_step_at_which_an_agent_is_not_to_move_is_not_remembered() -> None:
    acting = ALWAYS.clone()
    acting[2, :, 1] = False
    output, after = summing()(tokens(), NOTHING, NEVER, acting, ALWAYS)
    assert output[:, 0, 1, 0].tolist() == [1, 12, 123, 124, 245]
    assert after.keys[0, 1, 0, :, 0].tolist() == [4, 5]
    assert after.keys[0, 0, 0, :, 0].tolist() == [4, 5]


def test_an_episode_that_begins_while_an_agent_waits_forgets_all() -> None:
    begins, acting = NEVER.clone(), ALWAYS.clone()
    begins[2, 0], acting[2, 0, 0] = True, False
    output, _ = summing()(tokens(), NOTHING, begins, acting, ALWAYS)
    assert output[:, 0, 0, 0].tolist() == [1, 12, 3, 4, 45]
