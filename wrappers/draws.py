"""Random numbers of a wrapper: seeded by ``reset(seed)``, kept when the wrapper is copied."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

__all__ = ["Draws"]


class Draws:
    """Random generator of one wrapper, with the draw that holds for the running episode.

    Until `seed` is called, the generator is seeded from fresh entropy, in every copy anew.

    Args:
        stream: number of the wrapper's random stream; wrappers with the same seed draw different numbers.
    """

    def __init__(self, stream: int) -> None:
        self._stream = stream
        self._generator: torch.Generator | None = None
        self.kept = torch.zeros(0)
        """Draw that holds for the running episode; empty if there is none."""
        self.latest = torch.zeros(0)
        """Draw of the latest step, on which that of the next depends; empty if there is none."""

    @property
    def generator(self) -> torch.Generator:
        """The generator in its present state."""
        # Made at the first draw: a wrapper that is copied before that draws other numbers than its original.
        if self._generator is None:
            self._generator = torch.Generator()
            self._generator.seed()
        return self._generator

    def seed(self, seed: int) -> None:
        """Restart the random stream from a seed of at least 0."""
        # Mixed with the number of the stream, so that a wrapper's draws are not those of its neighbour.
        words = np.random.SeedSequence([self._stream, seed]).generate_state(1, np.uint64)
        self.generator.manual_seed(int(words[0]))

    def state(self) -> dict[str, Tensor]:
        """State of the generator, and the draws of the running episode and the latest step, for `load_state`."""
        return {"generator": self.generator.get_state(), "kept": self.kept, "latest": self.latest}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Continue from a state that `state` returned."""
        self.generator.set_state(state["generator"])
        self.kept = state["kept"]
        self.latest = state.get("latest", torch.zeros(0))  # runs of before have none

    def __getstate__(self) -> tuple[int, Tensor | None, Tensor, Tensor]:
        reached = None if self._generator is None else self._generator.get_state()
        return self._stream, reached, self.kept, self.latest

    def __setstate__(self, state: tuple[int, Tensor | None, Tensor, Tensor]) -> None:
        self._stream, reached, self.kept, self.latest = state
        self._generator = None
        if reached is not None:
            self.generator.set_state(reached)
