"""Independent streams of random numbers from one seed."""

from __future__ import annotations

import numpy as np
import torch

__all__ = ["ACTIONS", "SHUFFLING", "stream"]

ACTIONS, SHUFFLING = 1, 2
"""Purposes of a stream; environments draw from the seed itself."""


def stream(seed: int, purpose: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Generator whose numbers are independent of those of other purposes of the same seed.

    Args:
        seed: at least 0.
        purpose: `ACTIONS` or `SHUFFLING`.
        device: device of the generator.
    """
    words = np.random.SeedSequence([seed, purpose]).generate_state(1, np.uint64)
    return torch.Generator(device).manual_seed(int(words[0]))
