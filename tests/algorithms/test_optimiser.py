from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from marl.algorithms.optimiser import Momentum, Optimiser

X = torch.randn(32, 3, generator=torch.Generator().manual_seed(0))


def network() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))


def loss_of(net: nn.Module) -> Tensor:
    return net(X).square().mean()


@pytest.mark.parametrize("max_norm", [None, 0.1])
def test_it_is_adam_on_each_parameter(max_norm: float | None) -> None:
    ours, theirs = network(), network()
    optimiser = Optimiser(list(ours.parameters()), eps=1e-5)
    adam = torch.optim.Adam(theirs.parameters(), eps=1e-5)
    for step in range(20):
        rate = 0.1 / (1 + step)
        norm = optimiser.backward(loss_of(ours), max_norm)
        optimiser.step(rate)
        adam.param_groups[0]["lr"] = rate
        adam.zero_grad()
        loss_of(theirs).backward()
        limit = torch.inf if max_norm is None else max_norm
        assert norm == pytest.approx(nn.utils.clip_grad_norm_(theirs.parameters(), limit).item(), rel=1e-4)
        adam.step()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", [Optimiser, Momentum])
def test_momentum_and_weight_decay_are_those_of_torch(kind: type[Optimiser]) -> None:
    ours, theirs = network(), network()
    optimiser = kind(list(ours.parameters()), weight_decay=0.3)
    if kind is Momentum:
        reference: torch.optim.Optimizer = torch.optim.SGD(theirs.parameters(), momentum=0.9, weight_decay=0.3)
    else:
        reference = torch.optim.Adam(theirs.parameters(), weight_decay=0.3)
    for step in range(20):
        if step == 10:  # another goes on from its state
            state, optimiser = optimiser.state(), kind(list(ours.parameters()), weight_decay=0.3)
            optimiser.load_state(state)
        optimiser.backward(loss_of(ours), 0.5)
        optimiser.step(0.1 / (1 + step))
        reference.param_groups[0]["lr"] = 0.1 / (1 + step)
        reference.zero_grad()
        loss_of(theirs).backward()
        nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
        reference.step()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("kind", "decay"), [(Optimiser, 1e-4), (Momentum, 5.0)])
def test_what_only_shrinks_is_never_denormal(kind: type[Optimiser], decay: float) -> None:
    weights = nn.Parameter(torch.tensor([0.5, -1e-3]))
    optimiser = kind([weights], weight_decay=decay)
    for _ in range(300):
        for _ in range(10):
            optimiser.backward(0.0 * weights.sum(), None)
            optimiser.step(0.01)
        numbers = torch.stack([weights.detach(), optimiser.state()["exp_avg"], optimiser.state()["exp_avg_sq"]])
        assert not ((numbers != 0) & (numbers.abs() < torch.finfo(torch.float32).smallest_normal)).any()


def test_a_parameter_that_a_loss_does_not_know_stays() -> None:
    net = network()
    idle = nn.Parameter(torch.ones(4))
    optimiser = Optimiser([idle, *net.parameters()])
    optimiser.backward(loss_of(net), 1.0)
    optimiser.step(0.1)
    assert idle.equal(torch.ones(4))


def test_what_is_loaded_into_the_parameters_counts() -> None:
    net, other = network(), nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))
    optimiser = Optimiser(list(net.parameters()))
    net.load_state_dict(other.state_dict())
    optimiser.backward(loss_of(net), None)
    optimiser.step(0.0)
    assert net[0].weight.equal(other[0].weight)


def test_a_deep_copy_learns_by_itself_and_as_adam_does() -> None:
    net, theirs = network(), network()
    optimiser = Optimiser(list(net.parameters()))
    twin_net, twin = copy.deepcopy((net, optimiser))
    before, adam = net[0].weight.clone(), torch.optim.Adam(theirs.parameters(), lr=0.01)
    for _ in range(5):
        twin.backward(loss_of(twin_net), None)
        twin.step(0.01)
        adam.zero_grad()
        loss_of(theirs).backward()
        adam.step()
    for one, other in zip(twin_net.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
    assert net[0].weight.equal(before)


def test_moments_of_other_parameters_are_refused() -> None:
    net = network()
    optimiser = Optimiser(list(net.parameters()))
    optimiser.backward(loss_of(net), None)
    optimiser.step(0.1)
    other = Optimiser([nn.Parameter(torch.zeros(3))])
    for state in (optimiser.state(), {"0": optimiser.state()}):
        with pytest.raises(ValueError, match="other parameters"):
            other.load_state(state)
