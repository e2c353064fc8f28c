"""Messages between the agents of a team: rounds of GATv2 or GCN along the adjacency."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from marl.core.records import Observation
from marl.core.roster import Plane, Roster
from marl.maths.symlog import symlog
from marl.networks.cache_parts import by_parts
from marl.networks.configs import GraphConfig
from marl.networks.message_layers import EdgeGATv2Conv, MessageLayer, message_layer
from marl.networks.size_buckets import SizeBucket, size_buckets

__all__ = ["GraphProcessor", "edge_features", "watched_attention"]

LARGEST_DENSE_TEAM = 64
PART_ELEMENTS = 2**18
"""Numbers in the largest tensor over pairs at a time on a CPU: a cache holds them, which halves the time."""


class GraphProcessor(nn.Module):
    r"""Rounds of messages along the adjacency, each joined to the token by a residual.

    .. math::
        h_i = \mathrm{relu}(W [\mathrm{norm}(x_i), \mathrm{symlog}(k_i), c_i]), \quad
        x_i \leftarrow x_i + U \,\mathrm{relu}(\mathrm{layer}(h, e)_i), \quad e_{ij} = [f(k_j - k_i), c_i, c_j]

    for kinematics :math:`k`, one-hot classes :math:`c` and `edge_features` :math:`f`; plain GCN hears no :math:`e`. The
    processor is shared by the whole team; agents that have left send nothing.
    Reference: Brody et al., https://arxiv.org/abs/2105.14491; Kipf and Welling, https://arxiv.org/abs/1609.02907.

    Args:
        width: ``D``.
        roster: its declared classes and its plane.
        config: shape; ``kind`` is not ``"none"``.

    Shapes:
        Tokens ``[..., N, D]`` with an observation of the same leading axes to ``[..., N, D]``.

    Raises:
        ValueError: if the heads do not divide the width.
    """

    def __init__(self, width: int, roster: Roster, config: GraphConfig) -> None:
        super().__init__()
        if config.kind == "gat" and width % config.heads:
            raise ValueError(f"{config.heads} graph heads do not divide the token width {width}")
        assert config.kind != "none"
        self.config = config
        # without a plane nobody hears; its weights are drawn all the same, so that those after them stay as they are
        self.plane = roster.plane or Plane()
        self.class_order = {c.name: i for i, c in enumerate(roster.classes)}
        rounds, classes, carried = range(config.rounds), len(roster.classes), self.plane.kinematics
        edge_size = carried + 1 + 2 * classes
        self.node_norms = nn.ModuleList(nn.LayerNorm(width) for _ in rounds)
        self.node_inputs = nn.ModuleList(nn.Linear(width + carried + classes, width) for _ in rounds)
        self.layers = nn.ModuleList(message_layer(config.kind, width, config.heads, edge_size, classes) for _ in rounds)
        self.outputs = nn.ModuleList(nn.Linear(width, width) for _ in rounds)
        self._kinds: dict[tuple[object, ...], Tensor] = {}

    def forward(self, tokens: Tensor, observation: Observation) -> Tensor:
        """Pass the messages of an observation; without an adjacency tokens stay as they are.

        Args:
            tokens: ``[..., N, D]``.
            observation: leading axes as the tokens.

        Returns:
            ``[..., N, D]``.
        """
        if observation.adjacency is None:
            return tokens
        moved = observation.kinematics
        if moved is None:  # nobody's place is known
            moved = tokens.new_zeros(*tokens.shape[:-1], self.plane.kinematics)
        leading, (size, width) = tokens.shape[:-2], tokens.shape[-2:]
        x = tokens.reshape(-1, size, width)
        adjacency = (observation.adjacency & observation.alive[..., None, :]).reshape(-1, size, size)
        moved = moved.reshape(-1, size, self.plane.kinematics)
        kinds = self._kinds_of(observation, tokens).expand(x.shape[0], -1, -1)
        buckets = size_buckets(observation.alive.reshape(-1, size))
        if not buckets:
            return self._pass(x, adjacency, moved, kinds).reshape(*leading, size, width)
        parts = [
            self._pass(each.pick(x), each.pick_pairs(adjacency), each.pick(moved), each.pick(kinds)) for each in buckets
        ]
        return SizeBucket.put(x, buckets, parts).reshape(*leading, size, width)

    def _pass(self, x: Tensor, *others: Tensor) -> Tensor:
        """The same for ``M`` graphs, those that fit the cache at a time."""
        _, size, width = x.shape
        return by_parts(self._pass_part, PART_ELEMENTS // (size * size * width), x, *others)

    def _pass_part(self, x: Tensor, adjacency: Tensor, kinematics: Tensor, kinds: Tensor) -> Tensor:
        """The same for ``M`` graphs that fit the cache: tokens ``[M, N, D]`` and so on."""
        nodes = torch.cat([symlog(kinematics), kinds], -1)
        edges = None
        if self.config.kind != "plain_gcn":
            edges = torch.cat([edge_features(kinematics, self.plane.position), *_ends_of(kinds)], -1)
        dense = self.config.route == "dense" or (self.config.route == "auto" and x.shape[1] <= LARGEST_DENSE_TEAM)
        for norm, inputs, layer, output in zip(
            self.node_norms, self.node_inputs, self.layers, self.outputs, strict=True
        ):
            sent = inputs(torch.cat([norm(x), nodes], -1)).relu()
            layer = cast("MessageLayer", layer)
            heard = layer.dense(sent, adjacency, edges) if dense else _sparse(layer, sent, adjacency, edges)
            x = x + output(heard.relu())
        return x

    def _kinds_of(self, observation: Observation, like: Tensor) -> Tensor:
        """``[N, C]``, the one-hot class of each agent, made once for each team, device and type."""
        team = tuple((name, features.shape[-2]) for name, features in observation.features.items())
        key = (team, like.device, like.dtype)
        if key not in self._kinds:
            indices = [self.class_order[name] for name, count in team for _ in range(count)]
            classes = torch.tensor(indices, device=like.device)
            self._kinds[key] = functional.one_hot(classes, len(self.class_order)).to(like)
        return self._kinds[key]

    def extra_repr(self) -> str:
        """Kind of the layers, and route."""
        return f"{self.config.kind}, route={self.config.route}"


@contextmanager
def watched_attention(module: object) -> Iterator[Callable[[], Tensor | None]]:
    """Watch how much agents heed each other while a policy acts; of one that has no dense GATv2 there is nothing.

    Args:
        module: of which graph processors are part; any other object has none.

    Yields:
        Function that returns the weights since it was called last, ``[M, N, N]`` of row for column: the mean over
        rounds and heads; None if there were none, or of several graphs of another size each.
    """
    found = list[Tensor]()
    parts = module.modules() if isinstance(module, nn.Module) else ()
    heeding = [part for part in parts if isinstance(part, GraphProcessor) and part.config.kind == "gat"]
    layers = [cast(EdgeGATv2Conv, layer) for part in heeding for layer in part.layers]

    def take() -> Tensor | None:
        weights = [alpha.mean(2) for alpha in found]
        found.clear()
        return torch.stack(weights).mean(0) if len({each.shape for each in weights}) == 1 else None

    for layer in layers:
        layer.watch = lambda alpha: found.append(alpha.detach())
    try:
        yield take
    finally:
        for layer in layers:
            layer.watch = None


def edge_features(kinematics: Tensor, position: int) -> Tensor:
    """Kinematics of a sender as its receiver sees them.

    Args:
        kinematics: ``[..., N, P]``.
        position: how many of the ``P`` numbers are a position; they come first.

    Returns:
        ``[..., N, N, P + 1]``: relative position and velocity of column seen from row, squashed by
        `symlog`, and the squashed distance.
    """
    offset = kinematics[..., None, :, :] - kinematics[..., :, None, :]
    distance = offset[..., :position].square().sum(-1, keepdim=True).sqrt()
    return torch.cat([symlog(offset), distance.log1p()], -1)


def _ends_of(kinds: Tensor) -> tuple[Tensor, Tensor]:
    """``[M, N, N, C]`` each, the classes of row and column, for ``[M, N, C]``."""
    size = kinds.shape[1]
    return kinds[:, :, None].expand(-1, -1, size, -1), kinds[:, None].expand(-1, size, -1, -1)


def _sparse(layer: MessageLayer, x: Tensor, adjacency: Tensor, edges: Tensor | None) -> Tensor:
    """One layer along the edges of ``M`` graphs, whose nodes lie one after the other; shapes as in `_pass`."""
    graph, receiver, sender = adjacency.nonzero(as_tuple=True)
    edge_index = torch.stack([graph * x.shape[1] + sender, graph * x.shape[1] + receiver])
    carried = () if edges is None else (edges[graph, receiver, sender],)
    return layer(x.flatten(0, 1), edge_index, *carried).view_as(x)
