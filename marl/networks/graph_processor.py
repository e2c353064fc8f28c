"""Messages between the agents of a team: GATv2 or GCN, in torch-geometric's layers.

Over small teams scattering along edges is several times slower than dense masked algebra, so each
layer has a dense route over ``[..., N, N]`` that gives the same numbers from the same parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.nn import GATv2Conv, GCNConv

from marl.core.config import Config
from marl.core.records import Observation
from marl.maths.symlog import symlog

__all__ = ["EDGE_SIZE", "EdgeGATv2Conv", "GraphConfig", "GraphProcessor", "edge_features", "pass_messages"]

EDGE_SIZE = 5
"""Relative position and velocity, squashed, and distance."""
LARGEST_DENSE_TEAM = 64
CHUNK_ELEMENTS = 2**18
"""Numbers in the largest tensor over pairs at a time on a CPU: a cache holds them, which halves the time."""


class GraphConfig(Config):
    """Shape of the graph processor."""

    kind: Literal["gat", "gcn", "none"] = "gat"
    """GATv2 with edge features, GCN, or no messages."""
    rounds: int = Field(1, ge=1)
    """How often messages are passed at each step."""
    heads: int = Field(4, ge=1)
    """Attention heads of GATv2; they divide the token width."""
    route: Literal["auto", "dense", "sparse"] = "auto"
    """Dense algebra, scatter along edges, or dense up to 64 agents."""


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
        edge_size: features of an edge.
    """

    def __init__(self, width: int, heads: int, edge_size: int) -> None:
        super().__init__(width, width // heads, heads=heads, add_self_loops=False, edge_dim=edge_size)
        self.lin_value = nn.Linear(edge_size, width, bias=False)
        nn.init.xavier_uniform_(self.lin_value.weight)

    def forward(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor) -> Tensor:
        """Scatters along edges.

        Args:
            x: ``[V, D]``.
            edge_index: ``[2, E]``, sender and receiver.
            edge_attr: ``[E, edge_size]``.

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
        """What runs along each edge; called by ``propagate``."""
        return (x_j + value) * alpha.unsqueeze(-1)

    def dense(self, x: Tensor, adjacency: Tensor, edges: Tensor) -> Tensor:
        """The same over whole matrices.

        Args:
            x: ``[M, N, D]``.
            adjacency: ``[M, N, N]``, True where row hears column.
            edges: ``[M, N, N, edge_size]``, of column as the row sees it.

        Returns:
            ``[M, N, D]``.
        """
        sent, own = self.lin_l(x), self.lin_r(x)
        mixed = self.lin_edge(edges).add_(own[:, :, None]).add_(sent[:, None])  # in place: memory is what takes time
        mixed = functional.leaky_relu_(mixed, self.negative_slope)
        heads = torch.eye(self.heads, device=x.device, dtype=x.dtype)
        scores = mixed @ (self.att[0, :, :, None] * heads[:, None]).flatten(0, 1)  # [M, N, N, H]
        scores = scores.masked_fill(~adjacency[..., None], torch.finfo(scores.dtype).min)
        alpha = (scores.softmax(2) * adjacency[..., None]).mT  # [M, N, H, N]
        heard = alpha.transpose(1, 2) @ sent.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # [M, H, N, D / H]
        value = self.lin_value.weight.unflatten(0, (self.heads, -1)).mT  # [H, edge_size, D / H]
        heard = heard + (alpha @ edges).transpose(1, 2) @ value
        return heard.transpose(1, 2).flatten(-2) + self.bias


def dense_gcn(layer: GCNConv, x: Tensor, adjacency: Tensor) -> Tensor:
    r"""``GCNConv`` over whole matrices: :math:`\hat D^{-1/2} (A + I) \hat D^{-1/2} X \Theta + b`.

    Args:
        layer: holds the parameters.
        x: ``[M, N, D]``.
        adjacency: ``[M, N, N]``, True where row hears column.

    Returns:
        ``[M, N, D]``.
    """
    linked = adjacency.to(x) + torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    scale = linked.sum(-1).rsqrt()
    return scale[..., None] * (linked @ (scale[..., None] * layer.lin(x))) + layer.bias


def pass_messages(
    graph: GraphProcessor | None, tokens: Tensor, observation: Observation, order: Mapping[str, int]
) -> Tensor:
    """Tokens after the messages of an observation, or as they were where nobody can hear.

    Args:
        graph: passes the messages; None if there are none.
        tokens: ``[..., N, D]``.
        observation: leading axes as the tokens.
        order: the place of each class among the classes that were declared.

    Returns:
        ``[..., N, D]``.
    """
    if graph is None or observation.adjacency is None:
        return tokens
    assert observation.kinematics is not None
    indices = [order[name] for name, features in observation.features.items() for _ in range(features.shape[-2])]
    classes = torch.tensor(indices, device=tokens.device)
    return graph(tokens, observation.adjacency, observation.kinematics, classes)


def edge_features(kinematics: Tensor) -> Tensor:
    """What the receiver of a message sees of its sender.

    Args:
        kinematics: ``[..., N, 4]``.

    Returns:
        ``[..., N, N, 5]``: relative position and velocity of column seen from row, squashed by
        `symlog`, and the squashed distance.
    """
    offset = kinematics[..., None, :, :] - kinematics[..., :, None, :]
    distance = offset[..., :2].square().sum(-1, keepdim=True).sqrt()
    return torch.cat([symlog(offset), distance.log1p()], -1)


class GraphProcessor(nn.Module):
    """Rounds of messages along the adjacency, each joined to the token by a residual.

    The processor is shared by the whole team. With ``gat`` each edge carries relative position and
    velocity and the classes of both its ends; with ``gcn`` nodes carry position, velocity and class.

    Args:
        width: ``D``.
        num_classes: ``C``.
        config: shape; ``kind`` is ``"gat"`` or ``"gcn"``.

    Raises:
        ValueError: if the heads do not divide the width.
    """

    def __init__(self, width: int, num_classes: int, config: GraphConfig) -> None:
        super().__init__()
        if config.kind == "gat" and width % config.heads:
            raise ValueError(f"{config.heads} graph heads do not divide the token width {width}")
        self.config, self.num_classes = config, num_classes
        edge_size = EDGE_SIZE + 2 * num_classes
        gat = config.kind == "gat"
        self.node_norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(config.rounds))
        self.node_inputs = nn.ModuleList(nn.Linear(width + 4 + num_classes, width) for _ in range(config.rounds))
        self.layers = nn.ModuleList(
            EdgeGATv2Conv(width, config.heads, edge_size) if gat else GCNConv(width, width)
            for _ in range(config.rounds)
        )
        self.outputs = nn.ModuleList(nn.Linear(width, width) for _ in range(config.rounds))

    def forward(self, tokens: Tensor, adjacency: Tensor, kinematics: Tensor, class_indices: Tensor) -> Tensor:
        """Passes the messages.

        Args:
            tokens: ``[..., N, D]``.
            adjacency: ``[..., N, N]``, True where row hears column.
            kinematics: ``[..., N, 4]``.
            class_indices: ``[N]``, the class of each agent.

        Returns:
            ``[..., N, D]``.
        """
        leading, (size, width) = tokens.shape[:-2], tokens.shape[-2:]
        whole = (tokens.reshape(-1, size, width), adjacency.reshape(-1, size, size), kinematics.reshape(-1, size, 4))
        graphs = max(1, CHUNK_ELEMENTS // (size * size * width)) if tokens.device.type == "cpu" else len(whole[0])
        parts = zip(*(x.split(graphs) for x in whole), strict=True)
        passed = [self._pass(x, heard, moved, class_indices) for x, heard, moved in parts]
        return torch.cat(passed).reshape(*leading, size, width)

    def _pass(self, x: Tensor, adjacency: Tensor, kinematics: Tensor, class_indices: Tensor) -> Tensor:
        """The same for ``M`` graphs that fit the cache: tokens ``[M, N, D]`` and so on."""
        kinds = functional.one_hot(class_indices, self.num_classes).to(x)
        nodes = torch.cat([symlog(kinematics), kinds.expand(len(kinematics), -1, -1)], -1)
        edges = self._edges(kinematics, kinds) if self.config.kind == "gat" else None
        dense = self.config.route == "dense" or (self.config.route == "auto" and x.shape[1] <= LARGEST_DENSE_TEAM)
        for norm, inputs, layer, output in zip(
            self.node_norms, self.node_inputs, self.layers, self.outputs, strict=True
        ):
            sent = inputs(torch.cat([norm(x), nodes], -1)).relu()
            heard = _dense(layer, sent, adjacency, edges) if dense else _sparse(layer, sent, adjacency, edges)
            x = x + output(heard.relu())
        return x

    def _edges(self, kinematics: Tensor, kinds: Tensor) -> Tensor:
        size = kinds.shape[0]
        ends = torch.cat([kinds[:, None].expand(-1, size, -1), kinds[None].expand(size, -1, -1)], -1)
        return torch.cat([edge_features(kinematics), ends.expand(len(kinematics), -1, -1, -1)], -1)


def _dense(layer: nn.Module, x: Tensor, adjacency: Tensor, edges: Tensor | None) -> Tensor:
    if isinstance(layer, EdgeGATv2Conv):
        assert edges is not None
        return layer.dense(x, adjacency, edges)
    assert isinstance(layer, GCNConv)
    return dense_gcn(layer, x, adjacency)


def _sparse(layer: nn.Module, x: Tensor, adjacency: Tensor, edges: Tensor | None) -> Tensor:
    graph, receiver, sender = adjacency.nonzero(as_tuple=True)
    edge_index = torch.stack([graph * x.shape[1] + sender, graph * x.shape[1] + receiver])
    arguments = () if edges is None else (edges[graph, receiver, sender],)
    return layer(x.flatten(0, 1), edge_index, *arguments).view_as(x)
