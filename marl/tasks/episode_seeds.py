"""Seeds of the episodes that copies play by number, whatever they are vectorised by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from marl.core.environment import State
from marl.core.seeding import episode_seed

__all__ = ["DealtSeeds", "EpisodeSeeds"]

UNKNOWN = 2**32
"""Number of an episode to which no training comes."""


@dataclass
class EpisodeSeeds(Iterator[int]):
    """Seeds of the episodes of one copy of ``B``, which plays every ``B``-th. It lives where the copy does.

    Args:
        seed: of the run or the evaluation.
        number: of the next episode.
        stride: ``B``.
    """

    seed: int
    number: int
    stride: int

    def __next__(self) -> int:
        number, self.number = self.number, self.number + self.stride
        return episode_seed(self.seed, number)


class DealtSeeds:
    """Count of the episodes of ``B`` copies, of which copy ``i`` plays those of number ``i``, ``i + B`` and so on.

    Args:
        num_copies: ``B``.
    """

    def __init__(self, num_copies: int) -> None:
        self.num_copies, self.seed = num_copies, 0
        self.numbers = np.arange(num_copies)
        """``[B]``, of the next episode of each copy."""

    @property
    def coming(self) -> list[EpisodeSeeds]:
        """Seeds of each copy, from its next episode on."""
        return [EpisodeSeeds(self.seed, int(number), self.num_copies) for number in self.numbers]

    def begin(self, seed: int) -> list[EpisodeSeeds]:
        """Begin the first episodes of a run or an evaluation; returns each copy's seeds, these included."""
        self.seed, self.numbers = seed, np.arange(self.num_copies)
        return self.go_on()

    def go_on(self) -> list[EpisodeSeeds]:
        """Begin the next episode in every copy; returns each copy's seeds, these included."""
        seeds = self.coming
        self.numbers += self.num_copies
        return seeds

    def count(self, copies: NDArray[np.bool_]) -> None:
        """Count the beginning of an episode in some copies, ``[B]``."""
        self.numbers += self.num_copies * copies

    def state(self) -> State:
        """Seed and numbers of the next episodes."""
        return {"seed": self.seed, "numbers": torch.from_numpy(self.numbers.copy())}

    def load_state(self, state: State) -> None:
        """Take the next episodes from a state that `state` gave; an older one names none.

        Raises:
            ValueError: if it is of another number of copies.
        """
        numbers = state["numbers"].numpy().copy() if "numbers" in state else np.arange(self.num_copies) + UNKNOWN
        if len(numbers) != self.num_copies:
            raise ValueError(f"the state has {len(numbers)} copies; this environment has {self.num_copies}")
        self.seed, self.numbers = state.get("seed", self.seed), numbers
