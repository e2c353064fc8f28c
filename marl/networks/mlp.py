"""Fully connected networks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from marl.networks.configs import Activation

__all__ = ["MLP", "chain", "linear"]

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "silu": nn.SiLU}


def linear(inputs: int, outputs: int, gain: float = 2**0.5) -> nn.Linear:
    """A linear layer with orthogonal weights and zero bias.

    Reference: Huang et al., "The 37 Implementation Details of Proximal Policy Optimization",
    https://iclr-blog-track.github.io/2022/03/25/ppo-implementation-details/, detail 2.
    """
    layer = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer


class MLP(nn.Sequential):
    r"""Linear layers with an activation after each: :math:`x \leftarrow f(W x + b)`.

    It passes the rows of all leading axes as one matrix and calls its layers' ``forward`` itself: small networks are
    passed faster, and hooks on single layers are not called. Weights are those of `linear`.

    Args:
        sizes: widths, the input's first.
        activation: of every layer; the last layer has none if ``output_gain`` is given.
        output_gain: gain of the last layer's weights, which then has no activation.

    Shapes:
        ``[..., sizes[0]]`` to ``[..., sizes[-1]]``, with at least one leading axis.
    """

    def __init__(self, sizes: Sequence[int], activation: Activation = "relu", output_gain: float | None = None) -> None:
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += [linear(inputs, outputs), ACTIVATIONS[activation]()]
        if output_gain is not None:
            layers[-2:] = [linear(sizes[-2], sizes[-1], output_gain)]
        super().__init__(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return chain(x, self)


def chain(x: Tensor, *networks: MLP) -> Tensor:
    """One `MLP` after the other; shapes as there."""
    rows = x.flatten(0, -2)
    for network in networks:
        for layer in network:
            rows = layer.forward(rows)
    return rows.view(*x.shape[:-1], rows.shape[-1])
