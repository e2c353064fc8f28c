from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close
from torch_geometric.nn import GATv2Conv, GCNConv

from marl.networks.graph_processor import EdgeGATv2Conv, GraphConfig, GraphProcessor, dense_gcn, edge_features

GRAPHS, SIZE, WIDTH, EDGE = 3, 6, 8, 5
EXACT = {"rtol": 0.0, "atol": 1e-12}
CLASSES = torch.tensor([0, 0, 0, 1, 1, 1])


def symmetric() -> Tensor:
    """Within range, with an isolated node in each graph."""
    adjacency = (torch.rand(GRAPHS, SIZE, SIZE) < 0.5).triu(1)
    adjacency = adjacency | adjacency.mT
    adjacency[:, 2] = adjacency[:, :, 2] = False
    return adjacency


def directed() -> Tensor:
    """Each hears its two nearest on a line, which need not hear it."""
    place = torch.tensor([0.0, 0.1, 0.25, 1.0, 1.9, 4.0])
    distance = (place[:, None] - place).abs() + torch.eye(SIZE) * 100
    nearest = distance.topk(2, largest=False).indices
    return torch.zeros(SIZE, SIZE, dtype=torch.bool).scatter_(1, nearest, True).expand(GRAPHS, -1, -1)


def empty() -> Tensor:
    return torch.zeros(GRAPHS, SIZE, SIZE, dtype=torch.bool)


def edges_of(adjacency: Tensor) -> tuple[Tensor, Tensor]:
    """Torch-geometric's edge index, sender first, by a loop; and where each edge lies in the matrix."""
    pairs = [(i, j) for i in range(len(adjacency)) for j in range(len(adjacency)) if adjacency[i, j]]
    receiver, sender = torch.tensor(pairs, dtype=torch.long).reshape(-1, 2).unbind(1)
    return torch.stack([sender, receiver]), torch.stack([receiver, sender])


@pytest.fixture
def x() -> Tensor:
    return torch.randn(GRAPHS, SIZE, WIDTH, dtype=torch.float64)


@pytest.fixture
def kinematics() -> Tensor:
    return torch.randn(GRAPHS, SIZE, 4, dtype=torch.float64)


def processor(kind: str, rounds: int = 1, route: str = "auto") -> GraphProcessor:
    torch.manual_seed(7)
    return GraphProcessor(WIDTH, 2, GraphConfig(kind=kind, rounds=rounds, heads=2, route=route)).double()


@pytest.mark.parametrize("graph", [symmetric, directed, empty])
@pytest.mark.parametrize("rounds", [1, 3])
@pytest.mark.parametrize("kind", ["gat", "gcn"])
def test_the_dense_route_equals_the_sparse_one_gradients_included(
    kind: str, rounds: int, graph: Callable[[], Tensor], x: Tensor, kinematics: Tensor
) -> None:
    adjacency, results = graph(), []
    for route in ("dense", "sparse"):
        model = processor(kind, rounds, route)
        output = model(x, adjacency, kinematics, CLASSES)
        output.sin().sum().backward()
        gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None and p.grad.any()}
        results.append((output, gradients))
    (dense, dense_gradients), (sparse, sparse_gradients) = results
    assert_close(dense, sparse, **EXACT)
    assert_close(dense_gradients, sparse_gradients, **EXACT)


@pytest.mark.parametrize("graph", [symmetric, directed, empty])
def test_dense_gcn_is_torch_geometrics(graph: Callable[[], Tensor], x: Tensor) -> None:
    layer, adjacency = GCNConv(WIDTH, WIDTH).double(), graph()
    torch.nn.init.normal_(layer.bias)
    output = dense_gcn(layer, x, adjacency)
    for g in range(GRAPHS):
        assert_close(output[g], layer(x[g], edges_of(adjacency[g])[0]), **EXACT)


@pytest.mark.parametrize("graph", [symmetric, directed, empty])
def test_without_values_on_edges_the_layer_is_torch_geometrics_gatv2(graph: Callable[[], Tensor], x: Tensor) -> None:
    ours = EdgeGATv2Conv(WIDTH, 2, EDGE).double()
    theirs = GATv2Conv(WIDTH, WIDTH // 2, heads=2, add_self_loops=False, edge_dim=EDGE).double()
    torch.nn.init.zeros_(ours.lin_value.weight)
    torch.nn.init.normal_(ours.bias)
    theirs.load_state_dict({name: p for name, p in ours.state_dict().items() if not name.startswith("lin_value")})
    adjacency, edges = graph(), torch.randn(GRAPHS, SIZE, SIZE, EDGE, dtype=torch.float64)
    dense = ours.dense(x, adjacency, edges)
    for g in range(GRAPHS):
        edge_index, place = edges_of(adjacency[g])
        expected = theirs(x[g], edge_index, edges[g][place[0], place[1]])
        assert_close(dense[g], expected, **EXACT)
        assert_close(ours(x[g], edge_index, edges[g][place[0], place[1]]), expected, **EXACT)


def test_a_message_with_values_on_edges_by_hand() -> None:
    """Two senders of equal score: the mean of W_l x_j + W_v e_ij, plus the bias."""
    layer = EdgeGATv2Conv(2, 1, 1).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        layer.lin_l.weight.copy_(torch.eye(2))
        layer.lin_value.weight.copy_(torch.tensor([[1.0], [10.0]]))
        layer.bias.copy_(torch.tensor([0.5, 0.0]))
    x = torch.tensor([[[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]], dtype=torch.float64)
    adjacency = torch.tensor([[[False, True, True], [False] * 3, [False] * 3]])
    edges = torch.zeros(1, 3, 3, 1, dtype=torch.float64)
    edges[0, 0, 1], edges[0, 0, 2], edges[0, 1, 0] = 2.0, 4.0, 99.0
    expected = [[[5.5, 33.0], [0.5, 0.0], [0.5, 0.0]]]
    assert layer.dense(x, adjacency, edges).tolist() == expected


def test_edge_features_by_hand() -> None:
    """The sender is at (3, -4) from the receiver and moves one faster in x."""
    kinematics = torch.tensor([[1.0, 1.0, 0.0, 0.5], [4.0, -3.0, 1.0, 0.5]], dtype=torch.float64)
    log = torch.tensor([4.0, 5.0, 2.0, 1.0, 6.0], dtype=torch.float64).log()
    sign = torch.tensor([1.0, -1.0, 1.0, 1.0, 1.0], dtype=torch.float64)
    edges = edge_features(kinematics)
    assert_close(edges[0, 1], log * sign)
    assert_close(edges[1, 0], log * torch.tensor([-1.0, 1.0, -1.0, 1.0, 1.0], dtype=torch.float64))
    assert not edges[0, 0].any()


@pytest.mark.parametrize("rounds", [1, 2])
@pytest.mark.parametrize("route", ["dense", "sparse"])
@pytest.mark.parametrize("kind", ["gat", "gcn"])
def test_nothing_is_heard_from_who_is_not_linked(
    kind: str, route: str, rounds: int, x: Tensor, kinematics: Tensor
) -> None:
    """Along a directed chain 0 -> 1 -> 2 -> ... a message comes one link further with each round."""
    adjacency = empty()
    for receiver in range(1, SIZE):
        adjacency[:, receiver, receiver - 1] = True
    model = processor(kind, rounds, route)
    before = model(x, adjacency, kinematics, CLASSES)
    x[:, 1] += 1.0
    kinematics[:, 1] += 1.0
    after = model(x, adjacency, kinematics, CLASSES)
    changed = (before != after).any(-1).any(0)
    assert changed.tolist() == [1 <= node <= 1 + rounds for node in range(SIZE)]


@pytest.mark.parametrize("route", ["dense", "sparse"])
@pytest.mark.parametrize("kind", ["gat", "gcn"])
def test_without_links_a_node_depends_on_itself_alone(kind: str, route: str, x: Tensor, kinematics: Tensor) -> None:
    model = processor(kind, 2, route)
    together = model(x, empty(), kinematics, CLASSES)
    for node in range(SIZE):
        alone = slice(node, node + 1)
        single = model(x[:, alone], empty()[:, :1, :1], kinematics[:, alone], CLASSES[alone])
        assert_close(together[:, alone], single, **EXACT)


@pytest.mark.parametrize("route", ["dense", "sparse"])
@pytest.mark.parametrize("kind", ["gat", "gcn"])
def test_absent_agents_change_nothing_for_the_others(kind: str, route: str, x: Tensor, kinematics: Tensor) -> None:
    """Node 2 has no links; with it or without, the others hear the same."""
    model, adjacency = processor(kind, 2, route), symmetric()
    kept = torch.tensor([0, 1, 3, 4, 5])
    everyone = model(x, adjacency, kinematics, CLASSES)
    others = model(x[:, kept], adjacency[:, kept][:, :, kept], kinematics[:, kept], CLASSES[kept])
    assert_close(everyone[:, kept], others, **EXACT)


@pytest.mark.parametrize("kind", ["gat", "gcn"])
def test_permuting_the_nodes_permutes_the_output(kind: str, x: Tensor, kinematics: Tensor) -> None:
    model, adjacency, order = processor(kind, 2), directed(), torch.tensor([4, 2, 0, 5, 1, 3])
    output = model(x, adjacency, kinematics, CLASSES)
    permuted = model(x[:, order], adjacency[:, order][:, :, order], kinematics[:, order], CLASSES[order])
    assert_close(permuted, output[:, order], **EXACT)


def test_the_classes_of_both_ends_matter(x: Tensor, kinematics: Tensor) -> None:
    """Node 0 hears node 1 alone: another class of either end changes what is heard."""
    adjacency, model = empty(), processor("gat")
    adjacency[:, 0, 1] = True
    torch.nn.init.zeros_(model.node_inputs[0].weight)  # classes enter by the edges alone
    output = [
        model(x[:, :2], adjacency[:, :2, :2], kinematics[:, :2], torch.tensor(classes))[:, 0]
        for classes in ([0, 0], [0, 1], [1, 0], [1, 1])
    ]
    assert all(not a.equal(b) for i, a in enumerate(output) for b in output[:i])


def test_leading_axes_are_kept(x: Tensor, kinematics: Tensor) -> None:
    model, adjacency = processor("gat"), symmetric()
    flat = model(x, adjacency, kinematics, CLASSES)
    stacked = model(x[:, None], adjacency[:, None], kinematics[:, None], CLASSES)
    assert stacked.shape == (GRAPHS, 1, SIZE, WIDTH)
    assert_close(stacked[:, 0], flat, **EXACT)


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(ValueError, match="3 graph heads do not divide the token width 8"):
        GraphProcessor(8, 2, GraphConfig(heads=3))


def test_graphs_in_chunks_give_the_same_numbers_and_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    processor = GraphProcessor(8, 2, GraphConfig(heads=2, rounds=2))
    tokens, kinematics = torch.randn(5, 3, 4, 8), torch.randn(5, 3, 4, 4)
    adjacency, classes = torch.rand(5, 3, 4, 4) < 0.5, torch.tensor([0, 0, 1, 1])
    results = []
    for elements in (2**18, 2 * 4 * 4 * 8):  # all at once; two graphs at a time, and one left over
        monkeypatch.setattr("marl.networks.graph_processor.CHUNK_ELEMENTS", elements)
        out = processor(tokens, adjacency, kinematics, classes)
        results.append((out, torch.autograd.grad(out.square().sum(), processor.layers[0].lin_edge.weight)[0]))
    torch.testing.assert_close(results[0], results[1])
