from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest
import torch

from marl.wrappers.draws import Draws


def drawn(draws: Draws, count: int = 4) -> list[float]:
    return torch.rand(count, generator=draws.generator).tolist()


def seeded(stream: int = 1, seed: int = 0) -> Draws:
    draws = Draws(stream)
    draws.seed(seed)
    return draws


def test_a_seed_begins_its_stream_anew() -> None:
    draws = seeded()
    first = drawn(draws)
    assert drawn(draws) != first
    draws.seed(0)
    assert drawn(draws) == first


@pytest.mark.parametrize("other", [seeded(stream=2), seeded(seed=1), seeded(stream=0, seed=1)])
def test_another_stream_or_seed_draws_other_numbers(other: Draws) -> None:
    assert drawn(seeded()) != drawn(copy.deepcopy(other))


def test_nothing_is_drawn_from_the_global_generator() -> None:
    before = torch.get_rng_state()
    drawn(Draws(1))
    drawn(seeded())
    assert torch.get_rng_state().equal(before)


def test_without_a_seed_every_one_draws_its_own() -> None:
    draws = Draws(1)
    copies = [draws, copy.deepcopy(draws), pickle.loads(pickle.dumps(draws)), Draws(1)]
    assert len({tuple(drawn(each)) for each in copies}) == 4


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda draws: pickle.loads(pickle.dumps(draws))])
def test_a_copy_goes_on_at_the_same_place_by_itself(copied: Callable[[Draws], Draws]) -> None:
    draws = seeded()
    drawn(draws)
    draws.kept, draws.latest = torch.tensor([3.0]), torch.tensor([4.0])
    twin = copied(draws)
    assert (twin.kept.tolist(), twin.latest.tolist()) == ([3], [4])
    expected = drawn(draws)
    drawn(draws)  # leaves the copy where it is
    assert drawn(twin) == expected
    twin.seed(5)
    assert drawn(twin) == drawn(seeded(seed=5))  # the stream is still its own


def test_a_state_is_gone_on_from() -> None:
    draws = seeded()
    drawn(draws)
    draws.kept, draws.latest = torch.tensor([3.0]), torch.tensor([4.0])
    state = draws.state()
    expected = drawn(draws)
    other = Draws(2)
    other.load_state(state)
    assert (other.kept.tolist(), other.latest.tolist()) == ([3], [4])
    assert drawn(other) == expected
    del state["latest"]  # as one of a run of before
    other.load_state(state)
    assert other.latest.tolist() == []
