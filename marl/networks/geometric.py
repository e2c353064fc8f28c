"""Layers that need torch-geometric, whose import takes seconds."""

from __future__ import annotations

from torch import Tensor, nn
from torch_geometric.nn import GATv2Conv

__all__ = ["ValueGATv2Conv"]


class ValueGATv2Conv(GATv2Conv):
    """The layer of `marl.networks.message_layers.EdgeGATv2Conv` along edges, under the same names.

    Args:
        width: ``D`` of nodes, in and out.
        heads: ``H``.
        edge_size: ``P``.
    """

    def __init__(self, width: int, heads: int, edge_size: int) -> None:
        super().__init__(width, width // heads, heads=heads, add_self_loops=False, edge_dim=edge_size)
        self.lin_value = nn.Linear(edge_size, width, bias=False)

    def forward(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor) -> Tensor:
        """Scatter along edges: nodes ``[V, D]``, edge index ``[2, E]`` and edges ``[E, P]`` to ``[V, D]``."""
        sent, own = (layer(x).unflatten(-1, (self.heads, -1)) for layer in (self.lin_l, self.lin_r))
        alpha = self.edge_updater(edge_index, x=(sent, own), edge_attr=edge_attr)
        value = self.lin_value(edge_attr).unflatten(-1, (self.heads, -1))
        # torch-geometric reads the next line, and without it takes that of GATv2Conv, which lacks the value
        # propagate_type: (x: PairTensor, alpha: Tensor, value: Tensor)
        return self.propagate(edge_index, x=(sent, own), alpha=alpha, value=value).flatten(-2) + self.bias

    def message(self, x_j: Tensor, alpha: Tensor, value: Tensor) -> Tensor:
        """Messages ``[E, H, D / H]``; called by ``propagate``."""
        return (x_j + value) * alpha.unsqueeze(-1)
