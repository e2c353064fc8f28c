"""Layers of a graph processor, built on torch-geometric's: GATv2 with values on edges, and GCN.

Over small teams scattering along edges is several times slower than dense masked algebra, so each layer has a dense
route over ``[M, N, N]`` that gives the same numbers from the same parameters. Axes: ``M`` graphs, ``V`` nodes of all
graphs, ``E`` edges, ``P`` features of an edge; otherwise as in `marl.core.records`.

Importing this takes seconds, which is torch-geometric's; `marl.networks.graph_processor` does so when it makes layers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.nn import GATv2Conv, GCNConv

__all__ = ["EdgeGATv2Conv", "MatrixGCNConv", "message_layer"]


class EdgeGATv2Conv(GATv2Conv):
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
        super().__init__(width, width // heads, heads=heads, add_self_loops=False, edge_dim=edge_size)
        self.lin_value = nn.Linear(edge_size, width, bias=False)
        self._reset_values()

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        super().reset_parameters()
        if "lin_value" in self._modules:  # torch-geometric's constructor calls this before it is there
            self._reset_values()

    def forward(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor) -> Tensor:
        """Scatter along edges.

        Args:
            x: ``[V, D]``.
            edge_index: ``[2, E]``, sender and receiver.
            edge_attr: ``[E, P]``.

        Returns:
            ``[V, D]``.
        """
        sent, own = (layer(x).unflatten(-1, (self.heads, -1)) for layer in (self.lin_l, self.lin_r))
        alpha = self.edge_updater(edge_index, x=(sent, own), edge_attr=edge_attr)
        value = self.lin_value(edge_attr).unflatten(-1, (self.heads, -1))
        # torch-geometric reads the next line, and without it takes that of GATv2Conv, which lacks the value
        # propagate_type: (x: PairTensor, alpha: Tensor, value: Tensor)
        return self.propagate(edge_index, x=(sent, own), alpha=alpha, value=value).flatten(-2) + self.bias

    def message(self, x_j: Tensor, alpha: Tensor, value: Tensor) -> Tensor:
        """Messages ``[E, H, D / H]``; called by ``propagate``."""
        return (x_j + value) * alpha.unsqueeze(-1)

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
        mixed = functional.leaky_relu_(mixed, self.negative_slope)
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

    def _reset_values(self) -> None:
        nn.init.xavier_uniform_(self.lin_value.weight)


class MatrixGCNConv(GCNConv):
    r"""torch-geometric's GCN with a dense route.

    .. math:: X' = \hat D^{-1/2} (A + I) \hat D^{-1/2} X \Theta + b

    Reference: Kipf and Welling, "Semi-Supervised Classification with Graph Convolutional Networks",
    https://arxiv.org/abs/1609.02907, equation 2, and torch-geometric's ``GCNConv``.

    Args:
        width: ``D`` of nodes, in and out.

    Shapes:
        Nodes ``[V, D]`` and edge index ``[2, E]`` to ``[V, D]``; `dense` takes matrices.
    """

    def __init__(self, width: int) -> None:
        super().__init__(width, width)

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


def message_layer(kind: Literal["gat", "gcn"], width: int, heads: int, edge_size: int) -> EdgeGATv2Conv | MatrixGCNConv:
    """Make one layer; ``heads`` and ``edge_size`` are those of `EdgeGATv2Conv`."""
    return EdgeGATv2Conv(width, heads, edge_size) if kind == "gat" else MatrixGCNConv(width)
