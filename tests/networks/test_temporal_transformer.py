from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from marl.core.records import Memory
from marl.networks.configs import TransformerConfig
from marl.networks.temporal_transformer import GRUGate, OutputGate, TemporalTransformer

LENGTH, COPIES, AGENTS, WIDTH = 9, 4, 2, 8
EXACT = {"rtol": 0.0, "atol": 1e-10}


def transformer(layers: int, window: int, gate: str = "output") -> TemporalTransformer:
    """With weights on distances and gates half open, so that all parts show."""
    config = TransformerConfig(layers=layers, heads=2, window=window, feedforward=16, gate=gate)
    model = TemporalTransformer(WIDTH, config).double()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "distance_bias" in name or "gate" in name:
                parameter.normal_()
    return model


def tokens_of(length: int = LENGTH, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(length, COPIES, AGENTS, WIDTH, generator=generator, dtype=torch.float64)


@pytest.fixture
def started() -> Tensor:
    """The first copy goes on all the time, the others begin episodes, once at the very first step."""
    started = torch.zeros(LENGTH, COPIES, dtype=torch.bool)
    started[3, 1] = started[0, 2] = started[4, 2] = started[5, 2] = started[8, 3] = True
    return started


@pytest.fixture(params=["all", "some"])
def acting(request: pytest.FixtureRequest) -> Tensor:
    """All agents act at every step, or each at about half of them."""
    drawn = torch.rand(LENGTH, COPIES, AGENTS, generator=torch.Generator().manual_seed(2))
    return drawn < (1 if request.param == "all" else 0.5)


@pytest.fixture
def memory_of(make_memory: Callable[..., Memory]) -> Callable[[TemporalTransformer], Memory]:
    """A memory of which each copy has another share filled."""

    def make(model: TemporalTransformer) -> Memory:
        window = model.config.window
        memory = make_memory(COPIES, AGENTS, model.config.layers, window, WIDTH)
        filled = torch.tensor([window, min(window, 2), 1, 0])[:, None]
        return Memory(memory.keys, memory.values, torch.arange(window) >= window - filled)

    return make


def passed(model: TemporalTransformer, tokens: Tensor, memory: Memory, started: Tensor, acting: Tensor) -> Any:
    """A pass of agents that are all there."""
    return model(tokens, memory, started, acting, torch.ones_like(acting))


def stepped(
    model: TemporalTransformer, tokens: Tensor, memory: Memory, started: Tensor, acting: Tensor
) -> tuple[Tensor, Memory]:
    """As in acting: one token at a time, the memory reset where an episode begins."""
    outputs = []
    for token, begins, acts in zip(tokens, started, acting, strict=True):
        output, memory = passed(model, token[None], memory.reset(begins), torch.zeros_like(begins)[None], acts[None])
        outputs.append(output)
    return torch.cat(outputs), memory


def assert_same_memory(ours: Memory, theirs: Memory) -> None:
    """Equal where it counts: what is not valid may hold anything."""
    assert ours.valid.equal(theirs.valid)
    where = ours.valid[:, :, None, :, None]
    assert_close(ours.keys * where, theirs.keys * where, **EXACT)
    assert_close(ours.values * where, theirs.values * where, **EXACT)


@pytest.mark.parametrize("gate", ["output", "gru"])
@pytest.mark.parametrize(("layers", "window"), [(1, 3), (2, 1), (3, 3), (2, 20)])
def test_stepping_with_the_cache_equals_one_pass(
    layers: int, window: int, gate: str, started: Tensor, acting: Tensor, memory_of: Callable[..., Memory]
) -> None:
    model, tokens = transformer(layers, window, gate), tokens_of()
    memory = memory_of(model)
    one_pass, one_memory = passed(model, tokens, memory, started, acting)
    steps, steps_memory = stepped(model, tokens, memory, started, acting)
    assert_close(steps, one_pass, **EXACT)
    assert_same_memory(steps_memory, one_memory)


@pytest.mark.parametrize("window", [2, 20])
def test_a_pass_in_pieces_equals_one_pass(
    window: int, started: Tensor, acting: Tensor, memory_of: Callable[..., Memory]
) -> None:
    model, tokens = transformer(2, window), tokens_of()
    memory = memory_of(model)
    expected, last = passed(model, tokens, memory, started, acting)
    outputs = []
    for piece in (slice(0, 1), slice(1, 5), slice(5, 9)):
        output, memory = passed(model, tokens[piece], memory, started[piece], acting[piece])
        outputs.append(output)
    assert_close(torch.cat(outputs), expected, **EXACT)
    assert_same_memory(memory, last)


@pytest.mark.parametrize(("layers", "window"), [(1, 2), (2, 2), (2, 20)])
def test_an_output_depends_on_its_own_past_within_the_episode_and_the_window_alone(
    layers: int, window: int, started: Tensor, acting: Tensor, memory_of: Callable[..., Memory]
) -> None:
    """Own steps are those at which it acts; what it does not act on is seen at that step alone, and counts for none."""
    model, tokens = transformer(layers, window), tokens_of().requires_grad_()
    output, _ = passed(model, tokens, memory_of(model), started, acting)
    episode, own = started.long().cumsum(0), acting.long().cumsum(0)
    for t in range(LENGTH):
        for agent in range(AGENTS):
            (gradient,) = torch.autograd.grad(output[t, :, agent].sin().sum(), tokens, retain_graph=True)
            reached = gradient.abs().amax(-1) > 0
            back = own[t, :, agent] - own[:, :, agent]
            both = acting[t, :, agent] & acting[:, :, agent] & (episode == episode[t])
            expected = both & (back >= 0) & (back <= layers * window)
            expected[t] = True
            assert reached[:, :, agent].equal(expected)
            assert not reached[:, :, 1 - agent].any()


def test_the_memory_is_seen_while_its_episode_and_the_window_last(
    started: Tensor, memory_of: Callable[..., Memory]
) -> None:
    model, tokens = transformer(1, 3), tokens_of()
    memory = memory_of(model)
    values = memory.values.requires_grad_()
    output, _ = passed(model, tokens, memory, started, torch.ones(LENGTH, COPIES, AGENTS, dtype=torch.bool))
    seen = torch.zeros(LENGTH, COPIES, 3, dtype=torch.bool)
    for t in range(LENGTH):
        (gradient,) = torch.autograd.grad(output[t].sin().sum(), values, retain_graph=True)
        seen[t] = (gradient.abs() > 0).any(-1).any(1)[:, 0]
    going_on = started.long().cumsum(0) == 0
    place = torch.arange(LENGTH)[:, None, None] + 3 - torch.arange(3)
    assert seen.equal(going_on[..., None] & memory.valid[:, 0] & (place <= 3))


def test_one_block_against_a_loop_over_rows(started: Tensor, acting: Tensor, memory_of: Callable[..., Memory]) -> None:
    """Softmax over what is allowed, row by row, from the block's own matrices."""
    model, tokens = transformer(1, 3), tokens_of()
    memory, block = memory_of(model), model.blocks[0]
    output, _ = passed(model, tokens, memory, started, acting)
    for b in range(COPIES):
        for n in range(AGENTS):
            x = tokens[:, b, n]
            query, key, value = block.query_key_value(block.norm_attention(x)).chunk(3, -1)
            past = list(zip(memory.keys[b, n, 0], memory.values[b, n, 0], strict=True))
            past = [each for each, there in zip(past, memory.valid[b, n], strict=True) if there]
            for t in range(LENGTH):
                past = [] if started[t, b] else past
                seen = [*(past if acting[t, b, n] else ()), (key[t], value[t])][-4:]
                past = seen if acting[t, b, n] else past
                keys, values = zip(*seen, strict=True)
                heads = []
                for h, part in enumerate((slice(0, 4), slice(4, 8))):
                    scores = torch.stack([query[t, part] @ k[part] / 4**0.5 for k in keys])
                    scores = scores + block.distance_bias[h, : len(keys)].flip(0)
                    heads.append(scores.softmax(0) @ torch.stack([v[part] for v in values]))
                y = block.gate_attention(x[t], block.output(torch.cat(heads)).relu())
                y = block.gate_feedforward(y, block.feedforward(block.norm_feedforward(y)).relu())
                assert_close(output[t, b, n], y, **EXACT)


def test_output_gate_is_its_formula() -> None:
    gate, (x, y) = OutputGate(WIDTH, bias=1.5), torch.randn(2, 5, WIDTH).unbind()
    assert_close(gate(x, y), x + 1 / (1 + (1.5 - x @ gate.gate.weight.mT).exp()) * y)


def test_gru_gate_is_its_formula() -> None:
    gate, (x, y) = GRUGate(WIDTH, bias=1.5), torch.randn(2, 5, WIDTH).unbind()
    reset_y, update_y, candidate_y = gate.from_output.weight.chunk(3)
    reset_x, update_x = gate.from_input.weight.chunk(2)
    r = (y @ reset_y.mT + x @ reset_x.mT).sigmoid()
    z = (y @ update_y.mT + x @ update_x.mT - 1.5).sigmoid()
    h = (y @ candidate_y.mT + (r * x) @ gate.from_reset.weight.mT).tanh()
    assert_close(gate(x, y), (1 - z) * x + z * h)


@pytest.mark.parametrize("gate", [OutputGate, GRUGate])
def test_a_gate_that_is_drawn_anew_keeps_its_initial_bias(gate: type[OutputGate | GRUGate]) -> None:
    module = gate(WIDTH, bias=1.5)
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    module.reset_parameters()
    same = {name for name, p in module.named_parameters() if p.equal(before[name])}
    assert same == {name for name in before if name.endswith("bias")}


@pytest.mark.parametrize("gate", [OutputGate, GRUGate])
def test_a_gate_starts_at_the_identity_the_nearer_the_larger_its_bias(gate: type[OutputGate | GRUGate]) -> None:
    x, y = torch.randn(2, 200, WIDTH).unbind()
    away = []
    for bias in (0.0, 2.0, 20.0):
        torch.manual_seed(0)
        away.append(float((gate(WIDTH, bias)(x, y) - x).detach().square().mean().sqrt()))
    # the gate is open by sigmoid(-bias) at first, more or less: 0.5, 0.12 and 2e-9
    assert away[0] > 2 * away[1]
    assert away[2] < 1e-6


def test_a_new_transformer_is_near_the_identity() -> None:
    model = TemporalTransformer(WIDTH, TransformerConfig(heads=2, feedforward=16))
    x = tokens_of().float()
    empty = torch.zeros(COPIES, AGENTS, 1, 8, WIDTH)
    memory = Memory(empty, empty, torch.zeros(COPIES, 8, dtype=torch.bool))
    never = torch.zeros(LENGTH, COPIES, dtype=torch.bool)
    output, _ = passed(model, x, memory, never, ~never[..., None].expand(-1, -1, AGENTS))
    assert (output - x).square().mean() < 0.05 * x.square().mean()


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(ValueError, match="3 attention heads do not divide the token width 8"):
        TemporalTransformer(8, TransformerConfig(heads=3))


def test_a_window_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="window"):
        TransformerConfig(window=0)
