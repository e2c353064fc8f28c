from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.testing import assert_close

from marl.core.records import Memory
from marl.networks.temporal_gru import TemporalGRU

LENGTH, COPIES, AGENTS, WIDTH = 6, 2, 3, 4
EXACT = {"rtol": 0.0, "atol": 1e-12}
NEVER, ALWAYS = torch.zeros(LENGTH, COPIES, dtype=torch.bool), torch.ones(LENGTH, COPIES, AGENTS, dtype=torch.bool)


def tokens() -> Tensor:
    return torch.randn(LENGTH, COPIES, AGENTS, WIDTH, dtype=torch.float64)


def memory_of(state: Tensor, valid: bool = True) -> Memory:
    """A memory of a state ``[B, N, D]``."""
    kept = state[:, :, None, None]
    return Memory(kept, kept, torch.full((COPIES, AGENTS, 1), valid))


def test_within_an_episode_it_is_torchs_gru() -> None:
    model, x, state = TemporalGRU(WIDTH).double(), tokens(), torch.randn(COPIES, AGENTS, WIDTH, dtype=torch.float64)
    theirs = nn.GRU(WIDTH, WIDTH).double()
    theirs.load_state_dict({f"{name}_l0": value for name, value in model.cell.state_dict().items()})
    expected, last = theirs(x.flatten(1, 2), state.flatten(0, 1)[None])
    output, after = model(x, memory_of(state), NEVER, ALWAYS, ALWAYS)
    assert_close(output, expected.view_as(x), **EXACT)
    assert_close(after.keys[:, :, 0, 0], last.view_as(state), **EXACT)
    assert after.valid.all()


def test_an_episode_begins_without_a_past() -> None:
    model, x, state = TemporalGRU(WIDTH).double(), tokens(), torch.randn(COPIES, AGENTS, WIDTH, dtype=torch.float64)
    begins = NEVER.clone()
    begins[4, 1] = True
    output, _ = model(x, memory_of(state), begins, ALWAYS, ALWAYS)
    fresh, _ = model(x[4:], memory_of(state, valid=False), NEVER[4:], ALWAYS[4:], ALWAYS[4:])
    assert_close(output[4:, 1], fresh[:, 1], **EXACT)
    assert not output[4:, 0].allclose(fresh[:, 0])


def test_a_step_at_which_an_agent_is_not_to_move_is_not_remembered() -> None:
    model, x = TemporalGRU(WIDTH).double(), tokens()
    none, acting = memory_of(torch.zeros(COPIES, AGENTS, WIDTH, dtype=torch.float64)), ALWAYS.clone()
    acting[2, :, 1] = False
    output, after = model(x, none, NEVER, acting, ALWAYS)
    without = [0, 1, 3, 4, 5]
    own, later = model(x[without], none, NEVER[1:], ALWAYS[1:], ALWAYS[1:])
    assert_close(output[without, :, 1], own[:, :, 1], **EXACT)
    assert_close(after.keys[:, 1], later.keys[:, 1], **EXACT)
    assert not after.keys[:, 0].allclose(later.keys[:, 0])
