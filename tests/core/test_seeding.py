from __future__ import annotations

import torch

from marl.core.seeding import ACTIONS, SHUFFLING, stream


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
