"""Random draws of a wrapper: seeded by ``reset(seed)``, kept when the wrapper is copied."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

__all__ = ["Draws"]


class Draws:
    """A torch generator of its own for one wrapper.

    Until `seed` is called it draws from fresh entropy, in every copy anew.

    Args:
        stream: number that keeps wrappers apart which are given the same seed.
    """

    def __init__(self, stream: int) -> None:
        self._stream = stream
        self._generator: torch.Generator | None = None
        self.kept = torch.zeros(0)
        """What was drawn for the running episode."""

    @property
    def generator(self) -> torch.Generator:
        """The generator, at the place that it has reached."""
        if self._generator is None:
            self._generator = torch.Generator()
            self._generator.seed()
        return self._generator

    def seed(self, seed: int) -> None:
        """Begins the stream of a seed of at least 0."""
        words = np.random.SeedSequence([self._stream, seed]).generate_state(1, np.uint64)
        self.generator.manual_seed(int(words[0]))

    def state(self) -> dict[str, Tensor]:
        """Generator and kept draw, for `load_state`."""
        return {"generator": self.generator.get_state(), "kept": self.kept}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Goes on from a state that `state` gave."""
        self.generator.set_state(state["generator"])
        self.kept = state["kept"]

    def __getstate__(self) -> tuple[int, Tensor | None, Tensor]:
        return self._stream, None if self._generator is None else self._generator.get_state(), self.kept

    def __setstate__(self, state: tuple[int, Tensor | None, Tensor]) -> None:
        self._stream, reached, self.kept = state
        self._generator = None
        if reached is not None:
            self.generator.set_state(reached)
