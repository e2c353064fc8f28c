"""Trunks of networks that read positions of games: from an observation to an embedding.

None has a normalisation over the batch, so what a position is worth does not depend on those beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from marl.networks.configs import ConvTrunkConfig, MLPTrunkConfig, PartsTrunkConfig
from marl.networks.mlp import MLP, linear

__all__ = ["ConvTrunk", "GameTrunk", "MLPTrunk", "PartsHead", "PartsTrunk"]


class MLPTrunk(MLP):
    """Fully connected layers, ``[B, O]`` to ``[B, width]``.

    Args:
        size: ``O``.
        config: shape.
        dropout: share of the units that are dropped in training, after each layer.
    """

    def __init__(self, size: int, config: MLPTrunkConfig, dropout: float = 0.0) -> None:
        super().__init__((size, *config.hidden))
        self.width = config.hidden[-1]
        _drop(self, dropout)


class ConvTrunk(nn.Module):
    """Residual convolutions of 3 x 3 that keep the board's size, and layers on the whole, ``[B, O]`` to ``[B, width]``.

    Reference: Silver et al., "Mastering the game of Go without human knowledge", Nature 550 (2017), methods,
    https://doi.org/10.1038/nature24270, without its batch normalisation.

    Args:
        shape: of an observation, rows and columns first or last as ``channels_first`` says.
        channels_first: True for ``(C, H, W)``, False for ``(H, W, C)``.
        config: shape.
        dropout: share of the units that are dropped in training, after each fully connected layer.

    Raises:
        ValueError: for observations that are no board of planes.
    """

    def __init__(
        self, shape: Sequence[int], channels_first: bool, config: ConvTrunkConfig, dropout: float = 0.0
    ) -> None:
        super().__init__()
        if len(shape) != 3:
            raise ValueError(f"a trunk of kind conv reads boards of planes; an observation has the shape {shape}")
        self.shape, self.channels_first, self.width = tuple(shape), channels_first, config.hidden[-1]
        planes, *board = shape if channels_first else (shape[2], shape[0], shape[1])
        self.first = _convolution(planes, config.channels)
        self.blocks = nn.ModuleList(_Residual(config.channels) for _ in range(config.blocks))
        squeezed = min(config.channels, 32)
        self.squeeze = nn.Conv2d(config.channels, squeezed, 1)
        self.hidden = _drop(MLP((squeezed * board[0] * board[1], *config.hidden)), dropout)

    def forward(self, observation: Tensor) -> Tensor:
        x = observation.view(-1, *self.shape)
        x = self.first(x if self.channels_first else x.permute(0, 3, 1, 2)).relu()
        for block in self.blocks:
            x = block(x)
        hidden: Tensor = self.hidden(self.squeeze(x).relu().flatten(1))
        return hidden


class PartsTrunk(nn.Module):
    """One encoder for all parts, and layers on what it makes of them, ``[B, O]`` to ``[B, width]``.

    Args:
        parts: ``[K, W]``, places of each part in the observation.
        config: shape.
        dropout: share of the units that are dropped in training, after each layer on all parts.
        coded: True if the embedding has the codes of the parts too, behind that of the whole, for a `PartsHead`.
    """

    def __init__(self, parts: Tensor, config: PartsTrunkConfig, dropout: float = 0.0, coded: bool = False) -> None:
        super().__init__()
        self.coded, self.whole, self.code = coded, config.hidden[-1], config.part_hidden[-1]
        self.width = self.whole + coded * len(parts) * self.code
        self.parts: Tensor
        self.register_buffer("parts", parts, persistent=False)
        self.encoder = MLP((parts.shape[1], *config.part_hidden))
        self.hidden = _drop(MLP((len(parts) * config.part_hidden[-1], *config.hidden)), dropout)

    def forward(self, observation: Tensor) -> Tensor:
        parts = observation.index_select(1, self.parts.flatten()).view(-1, *self.parts.shape)
        codes = self.encoder(parts).flatten(1)
        whole: Tensor = self.hidden(codes)
        return torch.cat([whole, codes], 1) if self.coded else whole


class PartsHead(nn.Module):
    """Logits of actions that belong to parts: one layer for all parts, on the whole and the part's own code.

    Args:
        trunk: coded; its embedding is read.
        actions: ``[K, W]``, places of the actions of each part among those of the head, each once.
    """

    def __init__(self, trunk: PartsTrunk, actions: Tensor) -> None:
        super().__init__()
        self.sizes = trunk.whole, actions.shape[0], trunk.code
        self.of_whole = linear(trunk.whole, actions.shape[1], 0.01)
        self.of_part = nn.Linear(trunk.code, actions.shape[1], bias=False)
        nn.init.orthogonal_(self.of_part.weight, 0.01)
        self.order: Tensor
        self.register_buffer("order", actions.flatten().argsort(), persistent=False)

    def forward(self, embedding: Tensor) -> Tensor:
        whole, parts, code = self.sizes
        codes = embedding[:, whole:].view(-1, parts, code)
        logits = self.of_part(codes) + self.of_whole(embedding[:, :whole])[:, None]
        return logits.flatten(1).index_select(1, self.order)


GameTrunk = MLPTrunk | ConvTrunk | PartsTrunk


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = _convolution(channels, channels), _convolution(channels, channels)
        nn.init.zeros_(self.second.weight)  # at first the block passes on what it gets

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.second(self.first(x).relu()))


def _convolution(inputs: int, outputs: int) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, 3, padding=1)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


def _drop(network: MLP, share: float) -> MLP:
    """Put dropout behind each activation, two modules a layer."""
    if share:
        layers = list(network)
        for number in reversed(range(1, len(layers), 2)):
            network.insert(number + 1, nn.Dropout(share))
    return network
