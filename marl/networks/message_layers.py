"""Layers of a graph processor: GATv2 and GCN with values on edges, and plain GCN.

Over small teams scattering along edges is several times slower than dense masked algebra, so each layer has a dense
route over ``[M, N, N]``. Along edges GATv2 and plain GCN are torch-geometric's layers with the same weights, which give
the same numbers; importing it takes seconds, which a small team does not wait for. Axes: ``M`` graphs, ``V`` nodes of
all graphs, ``E`` edges, ``P`` features of an edge; otherwise as in `marl.core.records`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

__all__ = ["EdgeGATv2Conv", "EdgeGCNConv", "MatrixGCNConv", "MessageLayer", "message_layer"]

NEGATIVE_SLOPE = 0.2
"""Of the leaky ReLU in GATv2's scores; torch-geometric's default."""


class _Layer(nn.Module):
    """Layer whose weights have torch-geometric's names, order and first values."""

    def __init__(self) -> None:
        super().__init__()
        self._geometric: list[nn.Module] = []  # in a list, as it is no part with weights of its own

    def _along_edges(self, make: Callable[[], nn.Module], *inputs: Tensor) -> Tensor:
        """Output of torch-geometric's layer with this one's weights; it is made when it is first needed."""
        if not self._geometric:
            with torch.device("meta"):  # without weights, and without drawing any
                self._geometric.append(make())
        layer = self._geometric[0]
        weights: dict[str, Tensor] = {name: self.get_parameter(name) for name, _ in layer.named_parameters()}
        passed: Tensor = functional_call(layer, weights, inputs)
        return passed


class _Linear(nn.Linear):
    """Linear layer with the first weights of torch-geometric's, drawn as it draws them."""

    def reset_parameters(self) -> None:
        _glorot(self.weight)
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features)
            nn.init.uniform_(self.bias, -bound, bound)


class EdgeGATv2Conv(_Layer):
    r"""GATv2 whose messages carry the edge's features, not only their attention weights.

    .. math::
        x'_i = b + \sum_{j} \alpha_{ij} (W_l x_j + W_v e_{ij}), \quad
        \alpha_{ij} = \mathrm{softmax}_j\, a^\top \mathrm{LeakyReLU}(W_r x_i + W_l x_j + W_e e_{ij})

    Without :math:`W_v` a receiver could not shift what it hears into its own frame.
    Reference: Brody et al., "How Attentive are Graph Attention Networks?",
    https://arxiv.org/abs/2105.14491, equation 7, and torch-geometric's ``GATv2Conv``.

    Args:
        width: ``D`` of nodes, in and out.
        heads: ``H``.
        edge_size: ``P``.

    Shapes:
        Nodes ``[V, D]``, edge index ``[2, E]`` and edges ``[E, P]`` to ``[V, D]``; `dense` takes matrices.
    """

    watch: Callable[[Tensor], object] | None = None
    """Called by `dense` with the attention weights, ``[M, N, H, N]``, of row for column."""

    def __init__(self, width: int, heads: int, edge_size: int) -> None:
        super().__init__()
        self.heads = heads
        self.att = nn.Parameter(torch.empty(1, heads, width // heads))
        self.bias = nn.Parameter(torch.zeros(width))
        self.lin_l, self.lin_r = _Linear(width, width), _Linear(width, width)
        self.lin_edge = _Linear(edge_size, width, bias=False)
        for layer in (self.lin_l, self.lin_r, self.lin_edge):
            layer.reset_parameters()  # once more, as torch-geometric does: a seed gives the weights that it always gave
        _glorot(self.att)
        self.lin_value = _value_layer(edge_size, width)

    def forward(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor) -> Tensor:
        """Scatter along edges.

        Args:
            x: ``[V, D]``.
            edge_index: ``[2, E]``, sender and receiver.
            edge_attr: ``[E, P]``.

        Returns:
            ``[V, D]``.
        """
        return self._along_edges(self._make_geometric, x, edge_index, edge_attr)

    def _make_geometric(self) -> nn.Module:
        from marl.networks.geometric import ValueGATv2Conv

        return ValueGATv2Conv(len(self.bias), self.heads, self.lin_edge.in_features)

    def dense(self, x: Tensor, adjacency: Tensor, edges: Tensor | None) -> Tensor:
        """The same over whole matrices.

        Args:
            x: ``[M, N, D]``.
            adjacency: ``[M, N, N]``, True where row hears column.
            edges: ``[M, N, N, P]``, of column as the row sees it.

        Returns:
            ``[M, N, D]``.
        """
        assert edges is not None
        sent, own = self.lin_l(x), self.lin_r(x)
        mixed = self.lin_edge(edges).add_(own[:, :, None]).add_(sent[:, None])  # in place: memory is what takes time
        mixed = functional.leaky_relu_(mixed, NEGATIVE_SLOPE)
        # a block-diagonal matrix of all heads' vectors gives their scores by one product instead of H small ones
        heads = torch.eye(self.heads, device=x.device, dtype=x.dtype)
        scores = mixed @ (self.att[0, :, :, None] * heads[:, None]).flatten(0, 1)  # [M, N, N, H]
        # the lowest number, not minus infinity: a row without links would become NaN, and is zeroed by the adjacency
        scores = scores.masked_fill(~adjacency[..., None], torch.finfo(scores.dtype).min)
        alpha = (scores.softmax(2) * adjacency[..., None]).mT  # [M, N, H, N]
        if self.watch is not None:
            self.watch(alpha)
        heard = alpha.transpose(1, 2) @ sent.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # [M, H, N, D / H]
        # W_v is linear: weighing the P features of the edges first never makes the D values of each edge
        value = self.lin_value.weight.unflatten(0, (self.heads, -1)).mT  # [H, P, D / H]
        heard = heard + (alpha @ edges).transpose(1, 2) @ value
        return heard.transpose(1, 2).flatten(-2) + self.bias


class MatrixGCNConv(_Layer):
    r"""Textbook GCN.

    .. math:: X' = \hat D^{-1/2} (A + I) \hat D^{-1/2} X \Theta + b

    Reference: Kipf and Welling, "Semi-Supervised Classification with Graph Convolutional Networks",
    https://arxiv.org/abs/1609.02907, equation 2, and torch-geometric's ``GCNConv``.

    Args:
        width: ``D`` of nodes, in and out.

    Shapes:
        Nodes ``[V, D]`` and edge index ``[2, E]`` to ``[V, D]``; `dense` takes matrices.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(width))
        self.lin = _Linear(width, width, bias=False)
        self.lin.reset_parameters()  # once more, as in `EdgeGATv2Conv`

    def forward(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor | None = None) -> Tensor:
        """Scatter along edges; as `EdgeGATv2Conv.forward`, but for ``edge_attr``, which is not read."""
        return self._along_edges(self._make_geometric, x, edge_index)

    def _make_geometric(self) -> nn.Module:
        from torch_geometric.nn import GCNConv

        return GCNConv(self.lin.in_features, self.lin.out_features)

    def dense(self, x: Tensor, adjacency: Tensor, edges: Tensor | None = None) -> Tensor:
        """The same over whole matrices.

        Args:
            x: ``[M, N, D]``.
            adjacency: ``[M, N, N]``, True where row hears column.
            edges: not read: nothing is carried by an edge.

        Returns:
            ``[M, N, D]``.
        """
        linked = adjacency.to(x) + torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
        scale = linked.sum(-1).rsqrt()
        return scale[..., None] * (linked @ (scale[..., None] * self.lin(x))) + self.bias


class EdgeGCNConv(nn.Module):
    r"""GCN whose messages carry the edge's features, and which tells classes of senders apart.

    .. math::
        x'_i = b + W x_i + \sum_c \frac{1}{|N_i^c|} \sum_{j \in N_i^c} (W x_j + W_e^c e_{ij})

    for the senders :math:`N_i^c` of class :math:`c` that node :math:`i` hears.
    Reference: Schlichtkrull et al., "Modeling Relational Data with Graph Convolutional Networks",
    https://arxiv.org/abs/1703.06103, equation 2 with the numbers of neighbours as constants; here :math:`W` is
    shared, for nodes know their class.

    Args:
        width: ``D`` of nodes, in and out.
        edge_size: ``P``.
        classes: ``C``; the last features of an edge are the one-hot class of its sender.

    Shapes:
        Nodes ``[V, D]``, edge index ``[2, E]`` and edges ``[E, P]`` to ``[V, D]``; `dense` takes matrices.
    """

    def __init__(self, width: int, edge_size: int, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.lin = nn.Linear(width, width)
        self.lin_value = nn.Linear(classes * edge_size, width, bias=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        nn.init.xavier_uniform_(self.lin.weight)
        nn.init.zeros_(self.lin.bias)
        nn.init.xavier_uniform_(self.lin_value.weight)

    def forward(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor) -> Tensor:
        """Scatter along edges; as `EdgeGATv2Conv.forward`."""
        sender, receiver = edge_index
        own, sent = self.lin(x), x @ self.lin.weight.mT
        kind = edge_attr[:, -self.classes :]
        heard_of_kind = own.new_zeros(len(x), self.classes).index_add(0, receiver, kind)
        weights = kind / heard_of_kind[receiver].clamp(min=1)  # [E, C]
        each = (weights[..., None] * edge_attr[:, None]).flatten(1)
        carried = own.new_zeros(len(x), each.shape[1]).index_add(0, receiver, each)
        heard = own.index_add(0, receiver, weights.sum(1, keepdim=True) * sent[sender])
        return heard + self.lin_value(carried)

    def dense(self, x: Tensor, adjacency: Tensor, edges: Tensor | None) -> Tensor:
        """The same over whole matrices; as `EdgeGATv2Conv.dense`."""
        assert edges is not None
        own, sent = self.lin(x), x @ self.lin.weight.mT
        heard_of_kind = (edges[..., -self.classes :] * adjacency[..., None]).mT  # [M, N, C, N]
        weights = heard_of_kind / heard_of_kind.sum(-1, keepdim=True).clamp(min=1)
        # W_e is linear: weighing the P features of the edges first never makes the D values of each edge
        carried = (weights @ edges).flatten(-2)  # [M, N, C P]
        return own + weights.sum(2) @ sent + self.lin_value(carried)


MessageLayer = EdgeGATv2Conv | EdgeGCNConv | MatrixGCNConv


def message_layer(
    kind: Literal["gat", "gcn", "plain_gcn"], width: int, heads: int, edge_size: int, classes: int
) -> MessageLayer:
    """Make one layer; ``heads`` and ``edge_size`` are those of `EdgeGATv2Conv`, ``classes`` those of `EdgeGCNConv`."""
    if kind == "gat":
        return EdgeGATv2Conv(width, heads, edge_size)
    return EdgeGCNConv(width, edge_size, classes) if kind == "gcn" else MatrixGCNConv(width)


def _value_layer(edge_size: int, width: int) -> nn.Linear:
    layer = nn.Linear(edge_size, width, bias=False)
    nn.init.xavier_uniform_(layer.weight)
    return layer


def _glorot(weight: Tensor) -> None:
    bound = math.sqrt(6 / sum(weight.shape[-2:]))  # not xavier_uniform_, whose last bit may differ
    nn.init.uniform_(weight, -bound, bound)
