"""Independent streams of random numbers, and seeds of episodes, from one seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

import numpy as np
import torch
from numpy.random import mtrand

__all__ = ["ACTIONS", "SHUFFLING", "episode_seed", "global_seed", "lent_generators", "stream"]

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


def episode_seed(seed: int, number: int) -> int:
    """Seed of the episode of a number: a hash of both, so that neighbours have nothing in common.

    It is below 2^31, as environments written in C++, e.g. hanabi, take no larger ones.

    Args:
        seed: of the run or the evaluation, at least 0.
        number: of the episode, from 0.
    """
    # ten times as fast as NumPy's SeedSequence, which short episodes would feel
    words = int.from_bytes(blake2b(f"{seed} {number}".encode(), digest_size=4).digest(), "little")
    return words % 2**31


@contextmanager
def lent_generators(bits: np.random.MT19937) -> Iterator[None]:
    """Restore `random` and `np.random` after a block, in which other ones may be put in their place.

    Args:
        bits: what `np.random` draws from in the block.
    """
    python, own, numpy = random.getstate(), mtrand.get_bit_generator(), np.random.get_state(legacy=False)
    mtrand.set_bit_generator(bits)  # a hundred times faster than to copy its words
    try:
        yield
    finally:
        random.setstate(python)
        mtrand.set_bit_generator(own)
        if numpy["has_gauss"]:  # a normal in reserve, which goes with the generator
            np.random.set_state(numpy)


@contextmanager
def global_seed(seed: int) -> Iterator[None]:
    """Seed `random` and `np.random` for a block; outside of it they are the caller's.

    Args:
        seed: below 2^32.
    """
    with lent_generators(np.random.MT19937()):
        random.seed(seed)
        np.random.seed(seed)
        yield
