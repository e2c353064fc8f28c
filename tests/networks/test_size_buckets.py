from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from marl.core.records import Observation
from marl.core.roster import ActionSpec, AgentClass, Plane, Roster
from marl.networks.configs import CriticConfig, GraphConfig
from marl.networks.critic import Critic
from marl.networks.graph_processor import GraphProcessor
from marl.networks.size_buckets import SizeBucket, size_buckets

EXACT = {"rtol": 0.0, "atol": 1e-12}
MOMENTS, AGENTS, OTHERS, WIDTH = 40, 6, 3, 8
ROSTER = Roster(tuple(AgentClass(name, 1, ActionSpec("discrete", 2)) for name in "AB"), (3, 3), Plane(), 7)


@pytest.fixture
def there() -> Tensor:
    """Who is there: everybody, nobody, and anybody."""
    drawn = torch.rand(MOMENTS, AGENTS) < 0.5
    drawn[0], drawn[1] = True, False
    return drawn


@pytest.fixture
def observation(there: Tensor) -> Observation:
    """Moments of a team of which not all are there."""
    exact = {"dtype": torch.float64}
    entities = torch.randn(MOMENTS, AGENTS + OTHERS, 7, **exact)
    others = torch.rand(MOMENTS, OTHERS) < 0.7
    return Observation(
        {name: torch.randn(MOMENTS, 3, 1, **exact) for name in "AB"},
        there,
        adjacency=torch.rand(MOMENTS, AGENTS, AGENTS) < 0.6,
        kinematics=torch.randn(MOMENTS, AGENTS, 4, **exact),
        entities=entities,
        entity_mask=torch.cat([there, others], -1),
    )


def gradients(module: nn.Module) -> dict[str, Tensor]:
    found = {name: p.grad.clone() for name, p in module.named_parameters() if p.grad is not None}
    module.zero_grad()
    return found


def both_ways(
    module: nn.Module, there: Tensor, together: Callable[[], Tensor], alone: Callable[[slice], Tensor]
) -> None:
    """Compare a batch with its moments passed one at a time, of which there are no buckets, gradients included."""
    found = []
    for passed in (together(), torch.cat([alone(slice(i, i + 1)) for i in range(MOMENTS)])):
        passed[there].sin().sum().backward()
        found.append((passed[there].detach(), gradients(module)))
    (batch, batch_gradients), (single, single_gradients) = found
    assert any(gradient.any() for gradient in single_gradients.values())
    assert_close(batch, single, **EXACT)
    assert_close(batch_gradients, single_gradients, **EXACT)


@pytest.mark.parametrize("route", ["dense", "sparse"])
@pytest.mark.parametrize("kind", ["gat", "gcn", "plain_gcn"])
def test_messages_of_teams_of_several_sizes_are_those_of_each_team_alone(
    kind: str, route: str, there: Tensor, observation: Observation
) -> None:
    module = GraphProcessor(WIDTH, ROSTER, GraphConfig(kind=kind, rounds=2, heads=2, route=route)).double()
    x = torch.randn(MOMENTS, AGENTS, WIDTH, dtype=torch.float64)
    alone = lambda one: module(x[one], observation.map(lambda tensor: tensor[one]))  # noqa: E731
    both_ways(module, there, lambda: module(x, observation), alone)
    assert module(x, observation)[~there].equal(x[~there])


@pytest.mark.parametrize("sharing", ["class", "team"])
def test_values_of_teams_of_several_sizes_are_those_of_each_team_alone(
    sharing: str, there: Tensor, observation: Observation
) -> None:
    module = Critic(ROSTER, CriticConfig(sharing=sharing, hidden=(8,), entity_hidden=(8, 6))).double()
    alone = lambda one: module(observation.map(lambda tensor: tensor[one]))  # noqa: E731
    both_ways(module, there, lambda: module(observation), alone)


def test_tokens_get_the_gradient_of_each_team_alone(there: Tensor, observation: Observation) -> None:
    module = GraphProcessor(WIDTH, ROSTER, GraphConfig(heads=2)).double()
    x = torch.randn(MOMENTS, AGENTS, WIDTH, dtype=torch.float64, requires_grad=True)
    (whole,) = torch.autograd.grad(module(x, observation)[there].sin().sum(), x)
    for i in range(MOMENTS):
        one = x[i : i + 1].detach().requires_grad_()
        passed = module(one, observation.map(lambda tensor, i=i: tensor[i : i + 1]))
        (own,) = torch.autograd.grad(passed[there[i : i + 1]].sin().sum(), one)
        assert_close(whole[i : i + 1], own, **EXACT)


def test_buckets_by_hand() -> None:
    there = torch.tensor([[0, 1, 1], [1, 1, 1], [0, 0, 0], [1, 0, 1]], dtype=torch.bool)
    pairs, triple = size_buckets(there)
    assert pairs.rows.tolist() == [0, 3]
    assert pairs.members.tolist() == [[1, 2], [0, 2]]
    assert triple.rows.tolist() == [1]
    assert triple.members.tolist() == [[0, 1, 2]]
    x = torch.arange(12).view(4, 3)
    assert pairs.pick(x).tolist() == [[1, 2], [9, 11]]
    links = torch.arange(36).view(4, 3, 3)
    assert pairs.pick_pairs(links).tolist() == [[[4, 5], [7, 8]], [[27, 29], [33, 35]]]
    anew = SizeBucket.put(x, [pairs, triple], [torch.tensor([[-1, -2], [-3, -4]]), torch.tensor([[-5, -6, -7]])])
    assert anew.tolist() == [[0, -1, -2], [-5, -6, -7], [6, 7, 8], [-3, 10, -4]]


@pytest.mark.parametrize("there", [torch.ones(4, 3), torch.zeros(4, 3), torch.tensor([[1, 0, 1]])])
def test_there_are_none_where_nothing_is_to_be_saved(there: Tensor) -> None:
    assert size_buckets(there.bool()) == []


def test_nothing_is_computed_for_who_is_not_there(observation: Observation) -> None:
    sizes = []
    module = GraphProcessor(WIDTH, ROSTER, GraphConfig(heads=2)).double()
    module.node_inputs[0].register_forward_hook(lambda _, inputs, __: sizes.append(inputs[0].shape[:2].numel()))
    module(torch.randn(MOMENTS, AGENTS, WIDTH, dtype=torch.float64), observation)
    assert sum(sizes) == int(observation.alive.sum())
