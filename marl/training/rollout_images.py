"""Images of a rollout, each kept once."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from marl.core.records import Observation, Step

__all__ = ["RolloutImages"]


class RolloutImages:
    """Images of a rollout as it is collected, in their own data types; see `Rollout.last_images`.

    Args:
        length: ``T``.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._images: dict[str, Tensor] | None = None
        self._last: list[dict[str, Tensor]] = []

    def keep(self, number: int, observation: Observation, step: Step) -> tuple[Observation, Step]:
        """Keep what was seen at a step, and its true successor if that will not be seen at the next.

        Returns:
            Both without images.
        """
        successor = step.next_observation
        if observation.images is None or successor.images is None:
            return observation, step
        if self._images is None:
            self._images = {name: _room(images, self._length) for name, images in observation.images.items()}
        for name, images in observation.images.items():
            self._images[name][number] = images
        left = ((step.terminated | step.truncated) & observation.alive).any(-1)
        closing = left | step.ended | (number == self._length - 1)
        if bool(closing.any()):
            self._last.append({name: images[closing] for name, images in successor.images.items()})
        seen = step.observation.without_images()
        return observation.without_images(), replace(
            step, observation=seen, next_observation=successor.without_images()
        )

    def of(self, observation: Observation) -> Observation:
        """An observation ``[T, B, ...]`` with the images that were seen."""
        return replace(observation, images=self._images)

    @property
    def last(self) -> dict[str, Tensor] | None:
        """``[E, N_c, C, H, W]`` of each class; see `Rollout`."""
        if self._images is None:
            return None
        return {name: torch.cat([images[name] for images in self._last]) for name in self._images}


def _room(images: Tensor, length: int) -> Tensor:
    """Room ``[T, B, N_c, C, H, W]`` in which a place's channels are side by side, as convolutions like it."""
    *leading, channels, height, width = images.shape
    return images.new_empty((length, *leading, height, width, channels)).movedim(-1, -3)
