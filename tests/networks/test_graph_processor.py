from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from adjacencies import GRAPHS, SIZE, directed, empty, symmetric
from torch import Tensor
from torch.testing import assert_close

from marl.core.records import Observation
from marl.core.roster import ActionSpec, AgentClass, Plane, Roster
from marl.networks.configs import GraphConfig
from marl.networks.graph_processor import GraphProcessor, edge_features, watched_attention

WIDTH = 8
EXACT = {"rtol": 0.0, "atol": 1e-12}
ROSTER = Roster(tuple(AgentClass(name, 1, ActionSpec("discrete", 2)) for name in "AB"), (3, 3), Plane())


def observed(adjacency: Tensor, kinematics: Tensor, **team: int) -> Observation:
    """An observation of a team of 3 + 3, or another."""
    leading = adjacency.shape[:-2]
    features = {name: torch.zeros(*leading, count, 1) for name, count in (team or ROSTER.team).items()}
    alive = torch.ones(adjacency.shape[:-1], dtype=torch.bool)
    return Observation(features, alive, adjacency=adjacency, kinematics=kinematics)


@pytest.fixture
def x() -> Tensor:
    return torch.randn(GRAPHS, SIZE, WIDTH, dtype=torch.float64)


@pytest.fixture
def kinematics() -> Tensor:
    return torch.randn(GRAPHS, SIZE, 4, dtype=torch.float64)


def processor(kind: str, rounds: int = 1, route: str = "auto") -> GraphProcessor:
    torch.manual_seed(7)
    return GraphProcessor(WIDTH, ROSTER, GraphConfig(kind=kind, rounds=rounds, heads=2, route=route)).double()


@pytest.mark.parametrize("graph", [symmetric, directed, empty])
@pytest.mark.parametrize("rounds", [1, 3])
@pytest.mark.parametrize("kind", ["gat", "gcn", "plain_gcn"])
def test_the_dense_route_equals_the_sparse_one_gradients_included(
    kind: str, rounds: int, graph: Callable[[], Tensor], x: Tensor, kinematics: Tensor
) -> None:
    adjacency, results = graph(), []
    for route in ("dense", "sparse"):
        model = processor(kind, rounds, route)
        output = model(x, observed(adjacency, kinematics))
        output.sin().sum().backward()
        gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None and p.grad.any()}
        results.append((output, gradients))
    (dense, dense_gradients), (sparse, sparse_gradients) = results
    assert_close(dense, sparse, **EXACT)
    assert_close(dense_gradients, sparse_gradients, **EXACT)
    told = {name for name in dense_gradients if "lin_value" in name}
    expected = kind != "plain_gcn" and graph is not empty
    assert told == {f"layers.{round}.lin_value.weight" for round in range(rounds) if expected}


def test_edge_features_by_hand() -> None:
    """The sender is at (3, -4) from the receiver and moves one faster in x."""
    kinematics = torch.tensor([[1.0, 1.0, 0.0, 0.5], [4.0, -3.0, 1.0, 0.5]], dtype=torch.float64)
    log = torch.tensor([4.0, 5.0, 2.0, 1.0, 6.0], dtype=torch.float64).log()
    sign = torch.tensor([1.0, -1.0, 1.0, 1.0, 1.0], dtype=torch.float64)
    edges = edge_features(kinematics, position=2)
    assert_close(edges[0, 1], log * sign)
    assert_close(edges[1, 0], log * torch.tensor([-1.0, 1.0, -1.0, 1.0, 1.0], dtype=torch.float64))
    assert not edges[0, 0].any()


@pytest.mark.parametrize("rounds", [1, 2])
@pytest.mark.parametrize("route", ["dense", "sparse"])
@pytest.mark.parametrize("kind", ["gat", "gcn", "plain_gcn"])
def test_nothing_is_heard_from_who_is_not_linked(
    kind: str, route: str, rounds: int, x: Tensor, kinematics: Tensor
) -> None:
    """Along a directed chain 0 -> 1 -> 2 -> ... a message comes one link further with each round."""
    adjacency = empty()
    for receiver in range(1, SIZE):
        adjacency[:, receiver, receiver - 1] = True
    model = processor(kind, rounds, route)
    before = model(x, observed(adjacency, kinematics))
    x[:, 1] += 1.0
    kinematics[:, 1] += 1.0
    after = model(x, observed(adjacency, kinematics))
    changed = (before != after).any(-1).any(0)
    assert changed.tolist() == [1 <= node <= 1 + rounds for node in range(SIZE)]


@pytest.mark.parametrize("route", ["dense", "sparse"])
@pytest.mark.parametrize("kind", ["gat", "gcn", "plain_gcn"])
def test_without_links_a_node_depends_on_itself_alone(kind: str, route: str, x: Tensor, kinematics: Tensor) -> None:
    model = processor(kind, 2, route)
    together = model(x, observed(empty(), kinematics))
    for node in range(SIZE):
        alone = slice(node, node + 1)
        single = model(x[:, alone], observed(empty()[:, :1, :1], kinematics[:, alone], **{"AAABBB"[node]: 1}))
        assert_close(together[:, alone], single, **EXACT)


@pytest.mark.parametrize("route", ["dense", "sparse"])
@pytest.mark.parametrize("kind", ["gat", "gcn", "plain_gcn"])
def test_absent_agents_change_nothing_for_the_others(kind: str, route: str, x: Tensor, kinematics: Tensor) -> None:
    """Node 2 has no links; with it or without, the others hear the same."""
    model, adjacency = processor(kind, 2, route), symmetric()
    kept = torch.tensor([0, 1, 3, 4, 5])
    everyone = model(x, observed(adjacency, kinematics))
    others = model(x[:, kept], observed(adjacency[:, kept][:, :, kept], kinematics[:, kept], A=2, B=3))
    assert_close(everyone[:, kept], others, **EXACT)


@pytest.mark.parametrize("kind", ["gat", "gcn", "plain_gcn"])
def test_permuting_the_nodes_permutes_the_output(kind: str, x: Tensor, kinematics: Tensor) -> None:
    model, adjacency, order = processor(kind, 2), directed(), torch.tensor([4, 3, 5, 2, 0, 1])
    output = model(x, observed(adjacency, kinematics))
    permuted = model(x[:, order], observed(adjacency[:, order][:, :, order], kinematics[:, order], B=3, A=3))
    assert_close(permuted, output[:, order], **EXACT)


@pytest.mark.parametrize("kind", ["gat", "gcn"])
def test_the_classes_of_both_ends_matter(kind: str, x: Tensor, kinematics: Tensor) -> None:
    """Node 0 hears node 1 alone: another class of either end changes what is heard."""
    adjacency, model = empty(), processor(kind)
    adjacency[:, 0, 1] = True
    torch.nn.init.zeros_(model.node_inputs[0].weight)  # classes enter by the edges alone
    output = [
        model(x[:, :2], observed(adjacency[:, :2, :2], kinematics[:, :2], **team))[:, 0]
        for team in ({"A": 2}, {"A": 1, "B": 1}, {"B": 1, "A": 1}, {"B": 2})
    ]
    assert all(not a.equal(b) for i, a in enumerate(output) for b in output[:i])


def test_leading_axes_are_kept(x: Tensor, kinematics: Tensor) -> None:
    model, adjacency = processor("gat"), symmetric()
    flat = model(x, observed(adjacency, kinematics))
    stacked = model(x[:, None], observed(adjacency[:, None], kinematics[:, None]))
    assert stacked.shape == (GRAPHS, 1, SIZE, WIDTH)
    assert_close(stacked[:, 0], flat, **EXACT)


def test_without_an_adjacency_tokens_stay_as_they_are(x: Tensor, kinematics: Tensor) -> None:
    seen = replace(observed(symmetric(), kinematics), adjacency=None)
    assert processor("gat")(x, seen) is x


def test_the_classes_of_a_team_are_looked_up_once_for_each_type(x: Tensor, kinematics: Tensor) -> None:
    model, seen = processor("gat"), observed(symmetric(), kinematics)
    first = model(x, seen)
    assert model.float()(x.float(), seen.map(lambda t: t.float() if t.is_floating_point() else t)).dtype.itemsize == 4
    model.class_order = {}
    assert model.double()(x, seen).dtype == first.dtype
    with pytest.raises(KeyError):
        model(x, observed(symmetric(), kinematics, A=2, B=4))


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(ValueError, match="3 graph heads do not divide the token width 8"):
        GraphProcessor(8, ROSTER, GraphConfig(heads=3))


def test_graphs_by_parts_give_the_same_numbers_and_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    processor = GraphProcessor(8, ROSTER, GraphConfig(heads=2, rounds=2))
    tokens, kinematics = torch.randn(5, 3, 4, 8), torch.randn(5, 3, 4, 4)
    seen = observed(torch.rand(5, 3, 4, 4) < 0.5, kinematics, A=2, B=2)
    results = []
    for elements in (2**18, 2 * 4 * 4 * 8):  # all at once; two graphs at a time, and one left over
        monkeypatch.setattr("marl.networks.graph_processor.PART_ELEMENTS", elements)
        out = processor(tokens, seen)
        results.append((out, torch.autograd.grad(out.square().sum(), processor.layers[0].lin_edge.weight)[0]))
    torch.testing.assert_close(results[0], results[1])


def test_attention_is_watched_within_a_block_only(x: Tensor, kinematics: Tensor) -> None:
    """Who hears two heeds them by shares of 1; GCN has no attention, and other players are no modules."""
    observation = observed(directed(), kinematics)
    for kind, module in (("gat", processor("gat", 2)), ("gcn", processor("gcn"))):
        with watched_attention(module) as take:
            assert take() is None
            module(x, observation)
            weights = take()
            assert take() is None
            module(x, observation)
        module(x, observation)
        if kind == "gcn":
            assert weights is None
            continue
        assert weights is not None and weights.shape == (GRAPHS, SIZE, SIZE)
        assert_close(weights.sum(-1), torch.ones(GRAPHS, SIZE, dtype=torch.float64), **EXACT)
        assert not weights[~directed()].any() and (weights[directed()] > 0).all()
        assert take() is not None and take() is None
    with watched_attention(object()) as take:
        assert take() is None
