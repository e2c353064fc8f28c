"""Image encoders: from an agent's image to features, by a convolutional network."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from marl.core.records import Observation
from marl.core.roster import Roster, class_of_image
from marl.networks.configs import EncoderConfig
from marl.networks.mlp import linear

__all__ = ["ImageEncoder", "image_network", "read_images"]

SMALLEST = 36
"""Least height and width that the large network leaves something of."""
USUAL = 84
"""Height and width that the large network is for; images of at least twice both are averaged over squares first."""
LAYERS = {"nature": ((32, 8, 4, 0), (64, 4, 2, 0), (64, 3, 1, 0)), "board": ((32, 3, 1, 1), (64, 3, 1, 1))}
"""Channels, kernel, stride and padding of each convolution."""
AT_ONCE = 2**22
"""Numbers of images that are read at once where no gradient is kept: 16 MB, and what the layers make of them."""


class ImageEncoder(nn.Module):
    r"""Append what convolutional networks make of an agent's images to its features.

    .. math:: (f, \mathrm{relu}(W \, \mathrm{cnn}(x) + b), \dots)

    Bytes are divided by 255; numbers of other types are read as they are. Images of 36 x 36 or more go through three
    convolutions with strides, smaller ones, as boards are, through two that keep their size. Images of 168 x 168 or
    more are averaged over squares first, the largest that leave 84 x 84. The number of agents is read off the images;
    with ``sharing="agent"`` each agent trained has a network for each of its images, else each class.
    Reference: Mnih et al., "Human-level control through deep reinforcement learning", Nature 518 (2015), methods,
    https://doi.org/10.1038/nature14236.

    Args:
        roster: the team that is trained; all its declared classes with images get networks.
        config: shape; each image becomes as many features as the first hidden layer is wide.

    Shapes:
        Features ``[..., N_c, W_c]`` and ``I`` images ``[..., N_c, C, H, W]`` to features
        ``[..., N_c, W_c + I * hidden[0]]``.

    Raises:
        ValueError: if images are too small for the network asked for.
    """

    def __init__(self, roster: Roster, config: EncoderConfig) -> None:
        super().__init__()
        width, alone = config.hidden[0], config.sharing == "agent"
        self._numbers = {
            c.name: max(count, 1) if alone else 1
            for c, count in zip(roster.classes, roster.counts, strict=True)
            if c.images
        }
        self.networks = nn.ModuleDict(
            {
                f"{name}_{i}": image_network(image.shape, width, config.cnn, f"those of class {c.name!r}")
                for c in roster.classes
                for name, image in c.named_images.items()
                for i in range(self._numbers[c.name])
            }
        )
        classes = (
            replace(c, feature_size=c.width + len(c.images) * width, categories=(), images=()) if c.images else c
            for c in roster.classes
        )
        self.roster = replace(roster, classes=tuple(classes))
        """The roster as it is seen behind this module: without images."""

    def forward(self, observation: Observation) -> Observation:
        """The same observation with its images in its features, of any leading axes."""
        if observation.images is None:
            return observation
        features = dict(observation.features)
        for name, images in observation.images.items():
            seen_by = class_of_image(name)
            features[seen_by] = torch.cat([features[seen_by], self._encode(name, images)], -1)
        return replace(observation, features=features, images=None)

    def _encode(self, name: str, images: Tensor) -> Tensor:
        number = self._numbers[class_of_image(name)]
        # as class encoders do, agents beyond those trained take turns with the networks there are
        parts = [
            read_images(cast("nn.Sequential", self.networks[f"{name}_{i}"]), images[..., i::number, :, :, :])
            for i in range(min(number, images.shape[-4]))
        ]
        if len(parts) == 1:
            return parts[0]
        codes = parts[0].new_empty(*images.shape[:-3], parts[0].shape[-1])
        for i, part in enumerate(parts):
            codes[..., i::number, :] = part
        return codes


def read_images(network: nn.Sequential, images: Tensor) -> Tensor:
    """Images ``[..., C, H, W]`` to what the network makes of each, ``[..., D]``."""
    rows = images.flatten(0, -4)
    kind = next(network.parameters()).dtype
    if torch.is_grad_enabled() or torch.compiler.is_compiling():
        return network(_as_floats(rows, kind)).view(*images.shape[:-3], -1)
    at_once = AT_ONCE // images.shape[-3:].numel()
    codes = [network(_as_floats(part, kind)) for part in rows.split(max(at_once, 1))]
    return torch.cat(codes).view(*images.shape[:-3], -1)


def _as_floats(images: Tensor, kind: torch.dtype) -> Tensor:
    # convolutions on the CPU are half as fast again if a place's channels lie side by side
    floats = images.to(kind, memory_format=torch.channels_last)
    return floats.div_(255) if images.dtype == torch.uint8 else floats


def image_network(image: tuple[int, int, int], width: int, kind: str = "auto", whose: str = "these") -> nn.Sequential:
    """Make a network for images; see `ImageEncoder`.

    Args:
        image: channels, height and width.
        width: ``D``.
        kind: see `EncoderConfig`.
        whose: words for the images, for errors.

    Raises:
        ValueError: if they are too small for the network asked for.
    """
    channels, *size = image
    large = min(size) >= SMALLEST
    if kind == "nature" and not large:
        raise ValueError(
            f"encoder.cnn is 'nature', which reads images of {SMALLEST} x {SMALLEST} and more, and {whose} have "
            f"{size[0]} x {size[1]}; use auto or board"
        )
    layers: list[nn.Module] = []
    if large and kind != "board" and (side := min(size) // USUAL) > 1:
        layers.append(nn.AvgPool2d(side))
        size = [length // side for length in size]
    for outputs, kernel, stride, padding in LAYERS[("nature" if large else "board") if kind == "auto" else kind]:
        layer = nn.Conv2d(channels, outputs, kernel, stride, padding)
        nn.init.orthogonal_(layer.weight, 2**0.5)
        nn.init.zeros_(cast("Tensor", layer.bias))
        layers += [layer, nn.ReLU(inplace=True)]
        channels, size = outputs, [(length + 2 * padding - kernel) // stride + 1 for length in size]
    return nn.Sequential(*layers, nn.Flatten(), linear(channels * size[0] * size[1], width), nn.ReLU())
