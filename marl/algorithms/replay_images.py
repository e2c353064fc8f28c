"""Images of successors in a replay, of which each is kept once."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from marl.core.environment import State
from marl.core.records import Rollout

__all__ = ["LastImages"]


class LastImages:
    """Images of those successors that are not what was acted on at the next row of a ring, by place."""

    def __init__(self) -> None:
        self._images: dict[int, dict[str, Tensor]] = {}

    def __len__(self) -> int:
        return len(self._images)

    def keep(self, rollout: Rollout, places: Tensor, superseded: Iterable[int]) -> None:
        """Keep those of a rollout.

        Args:
            rollout: what was written.
            places: ``[T, B]``, where it was written; what was there is forgotten.
            superseded: further places whose images are forgotten.
        """
        for place in (*superseded, *places.flatten().tolist()):
            self._images.pop(place, None)
        for number, place in enumerate(places[rollout.closing].tolist()):
            self._images[place] = {name: x[number].clone() for name, x in (rollout.last_images or {}).items()}

    def put(self, images: dict[str, Tensor], places: Tensor) -> dict[str, Tensor]:
        """Put them among the images ``[M, N_c, C, H, W]`` of the next rows of places ``[M]``."""
        for number, place in enumerate(places.tolist()):
            for name, image in self._images.get(place, {}).items():
                images[name][number] = image
        return images

    def state(self) -> State:
        """All of them, for a checkpoint."""
        return {str(place): images for place, images in self._images.items()}

    def load_state(self, state: State, device: torch.device) -> None:
        """Go on from a state that `state` gave."""
        self._images = {int(place): {name: x.to(device) for name, x in each.items()} for place, each in state.items()}
