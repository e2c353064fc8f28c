from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from adjacencies import GRAPHS, SIZE, directed, empty, symmetric
from torch import Tensor
from torch.testing import assert_close
from torch_geometric.nn import GATv2Conv, GCNConv, RGCNConv

from marl.networks.message_layers import EdgeGATv2Conv, EdgeGCNConv, MatrixGCNConv

WIDTH, EDGE = 8, 5
EXACT = {"rtol": 0.0, "atol": 1e-12}


@pytest.fixture
def x() -> Tensor:
    return torch.randn(GRAPHS, SIZE, WIDTH, dtype=torch.float64)


def edges_of(adjacency: Tensor) -> tuple[Tensor, Tensor]:
    """Torch-geometric's edge index, sender first, by a loop; and where each edge lies in the matrix."""
    pairs = [(i, j) for i in range(len(adjacency)) for j in range(len(adjacency)) if adjacency[i, j]]
    receiver, sender = torch.tensor(pairs, dtype=torch.long).reshape(-1, 2).unbind(1)
    return torch.stack([sender, receiver]), torch.stack([receiver, sender])


@pytest.mark.parametrize("graph", [symmetric, directed, empty])
def test_dense_gcn_is_torch_geometrics(graph: Callable[[], Tensor], x: Tensor) -> None:
    ours, theirs, adjacency = MatrixGCNConv(WIDTH).double(), GCNConv(WIDTH, WIDTH).double(), graph()
    torch.nn.init.normal_(ours.bias)
    theirs.load_state_dict(ours.state_dict())
    dense = ours.dense(x, adjacency)
    for g in range(GRAPHS):
        edge_index, _ = edges_of(adjacency[g])
        expected = theirs(x[g], edge_index)
        assert_close(dense[g], expected, **EXACT)
        assert_close(ours(x[g], edge_index), expected, **EXACT)


@pytest.mark.parametrize("graph", [symmetric, directed, empty])
def test_without_values_on_edges_the_layer_is_torch_geometrics_gatv2(graph: Callable[[], Tensor], x: Tensor) -> None:
    ours = EdgeGATv2Conv(WIDTH, 2, EDGE).double()
    theirs = GATv2Conv(WIDTH, WIDTH // 2, heads=2, add_self_loops=False, edge_dim=EDGE).double()
    torch.nn.init.zeros_(ours.lin_value.weight)
    torch.nn.init.normal_(ours.bias)
    theirs.load_state_dict({name: p for name, p in ours.state_dict().items() if not name.startswith("lin_value")})
    adjacency, edges = graph(), torch.randn(GRAPHS, SIZE, SIZE, EDGE, dtype=torch.float64)
    seen: list[Tensor] = []
    ours.watch = seen.append
    dense = ours.dense(x, adjacency, edges)
    for g in range(GRAPHS):
        edge_index, place = edges_of(adjacency[g])
        edge = edges[g][place[0], place[1]]
        expected, (_, weights) = theirs(x[g], edge_index, edge, return_attention_weights=True)
        assert_close(seen[0][g, place[0], :, place[1]], weights, **EXACT)
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


@pytest.mark.parametrize("graph", [symmetric, directed, empty])
def test_without_values_on_edges_the_layer_is_torch_geometrics_rgcn(graph: Callable[[], Tensor], x: Tensor) -> None:
    """Relations are the classes of senders, whose weights are alike."""
    ours, theirs = EdgeGCNConv(WIDTH, EDGE, 2).double(), RGCNConv(WIDTH, WIDTH, 2).double()
    kinds = torch.arange(SIZE) % 2
    with torch.no_grad():
        ours.lin_value.weight.zero_()
        torch.nn.init.normal_(ours.lin.bias)
        theirs.bias.copy_(ours.lin.bias)
        for weight in (theirs.root, *theirs.weight):
            weight.copy_(ours.lin.weight.mT)
    adjacency, edges = graph(), torch.randn(GRAPHS, SIZE, SIZE, EDGE, dtype=torch.float64)
    edges[..., -2:] = torch.eye(2, dtype=torch.float64)[kinds]
    dense = ours.dense(x, adjacency, edges)
    for g in range(GRAPHS):
        edge_index, place = edges_of(adjacency[g])
        expected = theirs(x[g], edge_index, kinds[edge_index[0]])
        assert_close(dense[g], expected, **EXACT)
        assert_close(ours(x[g], edge_index, edges[g][place[0], place[1]]), expected, **EXACT)


def test_edges_of_a_gcn_by_hand() -> None:
    """Node 0 hears 1 and 2 of the first class and 3 of the second, node 1 hears 0."""
    layer = EdgeGCNConv(1, 3, 2).double()
    with torch.no_grad():
        layer.lin.weight.fill_(1.0)
        layer.lin.bias.fill_(0.5)
        layer.lin_value.weight.copy_(torch.tensor([[10.0, 0.0, 0.0, 100.0, 0.0, 0.0]]))
    x = torch.tensor([[[3.0], [4.0], [5.0], [6.0]]], dtype=torch.float64)
    adjacency = torch.tensor([[[0, 1, 1, 1], [1, 0, 0, 0], [0] * 4, [0] * 4]], dtype=torch.bool)
    edges = torch.full((1, 4, 4, 3), 99.0, dtype=torch.float64)  # no link, no edge
    edges[..., 1:] = torch.eye(2, dtype=torch.float64)[[0, 0, 0, 1]]
    edges[0, 0, 1, 0], edges[0, 0, 2, 0], edges[0, 0, 3, 0], edges[0, 1, 0, 0] = 0.1, 0.2, 0.3, 0.4
    first = 0.5 + 3 + ((4 + 1) + (5 + 2)) / 2 + (6 + 30)
    expected = torch.tensor([[first], [0.5 + 4 + (3 + 4)], [0.5 + 5], [0.5 + 6]], dtype=torch.float64)
    assert_close(layer.dense(x, adjacency, edges)[0], expected, **EXACT)
    edge_index, place = edges_of(adjacency[0])
    assert_close(layer(x[0], edge_index, edges[0][place[0], place[1]]), expected, **EXACT)


def drawn(make: Callable[[], torch.nn.Module]) -> dict[str, Tensor]:
    torch.manual_seed(3)
    return make().state_dict()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (
            lambda: EdgeGATv2Conv(WIDTH, 2, EDGE),
            lambda: GATv2Conv(WIDTH, WIDTH // 2, heads=2, add_self_loops=False, edge_dim=EDGE),
        ),
        (lambda: MatrixGCNConv(WIDTH), lambda: GCNConv(WIDTH, WIDTH)),
    ],
)
def test_first_weights_are_torch_geometrics(
    ours: Callable[[], torch.nn.Module], theirs: Callable[[], torch.nn.Module]
) -> None:
    own, expected = drawn(ours), drawn(theirs)
    assert [name for name in own if name != "lin_value.weight"] == list(expected)
    assert all(own[name].equal(weight) for name, weight in expected.items())
    before = torch.get_rng_state()
    with torch.device("meta"):
        assert all(weight.is_meta for weight in ours().state_dict().values())
    assert torch.get_rng_state().equal(before)


@pytest.mark.parametrize("layer", [EdgeGATv2Conv(WIDTH, 2, EDGE), EdgeGCNConv(WIDTH, EDGE, 2), MatrixGCNConv(WIDTH)])
def test_along_edges_each_weight_learns_and_no_number_is_drawn(layer: torch.nn.Module) -> None:
    x, edge_index = torch.randn(3, WIDTH), torch.tensor([[0, 1, 2], [1, 2, 1]])
    own = () if type(layer) is MatrixGCNConv else (torch.randn(3, EDGE),)
    before = torch.get_rng_state()
    layer(x, edge_index, *own).square().sum().backward()
    assert torch.get_rng_state().equal(before)
    for name, parameter in layer.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name
