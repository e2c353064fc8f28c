from __future__ import annotations

import random
from contextlib import suppress

import numpy as np
import torch

from marl.core.seeding import ACTIONS, SHUFFLING, episode_seed, global_seed, stream


def drawn(seed: int, purpose: int) -> list[float]:
    return torch.rand(4, generator=stream(seed, purpose)).tolist()


def test_a_stream_repeats_by_its_seed_and_purpose_and_differs_from_all_others() -> None:
    streams = [drawn(seed, purpose) for seed in (0, 1, 2) for purpose in (ACTIONS, SHUFFLING)]
    assert streams == [drawn(seed, purpose) for seed in (0, 1, 2) for purpose in (ACTIONS, SHUFFLING)]
    numbers = [number for row in streams for number in row]
    assert len(set(numbers)) == 24


def test_a_stream_is_not_that_of_the_seed_itself() -> None:
    """Environments draw from the seed itself."""
    assert drawn(3, ACTIONS) != torch.rand(4, generator=torch.Generator().manual_seed(3)).tolist()


def test_each_episode_has_a_seed_of_its_own_below_2_to_the_31() -> None:
    seeds = {episode_seed(seed, number) for seed in range(100) for number in range(100)}
    assert len(seeds) == 10_000  # any two of 10,000 drawn numbers are equal with a chance of 1 in 43
    assert 0 <= min(seeds) < 2**31 / 100 and 2**31 * 99 / 100 < max(seeds) < 2**31
    assert episode_seed(7, 2).to_bytes(4, "little").hex() == "f5ee934d"  # printf "7 2" | b2sum -l 32 is f5ee93cd


def test_global_generators_are_seeded_in_a_block_and_restored_after_it() -> None:
    random.seed(1)
    np.random.seed(1)
    np.random.normal()  # the second of a pair is now in reserve
    random.gauss()
    after = [random.gauss(), random.random(), np.random.normal(), np.random.random()]
    random.seed(1)
    np.random.seed(1)
    np.random.normal()
    random.gauss()
    with suppress(KeyError), global_seed(5):
        inside = [random.random(), np.random.random()]
        raise KeyError
    assert inside == [random.Random(5).random(), np.random.RandomState(5).random()]
    assert [random.gauss(), random.random(), np.random.normal(), np.random.random()] == after
