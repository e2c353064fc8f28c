"""One seed, independent streams of random numbers."""

from __future__ import annotations

import numpy as np
import torch

__all__ = ["ACTIONS", "SHUFFLING", "stream"]

ACTIONS, SHUFFLING = 1, 2
"""What a stream is for; environments draw from the seed itself."""


def stream(seed: int, purpose: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator whose numbers are unrelated to those of other purposes of the same seed.

    Args:
        seed: at least 0.
        purpose: which stream.
        device: where it draws.
    """
    words = np.random.SeedSequence([seed, purpose]).generate_state(1, np.uint64)
    return torch.Generator(device).manual_seed(int(words[0]))
