from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from marl.algorithms.configs import PrioritisedConfig
from marl.algorithms.priorities import Prioritised, Uniform

MANY = 40_000
CPU = torch.device("cpu")


def of(errors: list[float], **options: float) -> Prioritised:
    """After these errors, in a replay of ten places."""
    drawing = Prioritised(PrioritisedConfig(**options))  # type: ignore[arg-type]
    places = torch.arange(len(errors))
    drawing.added(places, 10)
    drawing.learnt(places, torch.tensor(errors))
    return drawing


def drawn(drawing: Prioritised | Uniform, size: int, share_done: float = 0.0) -> tuple[Tensor, Tensor]:
    """Frequency and weight of each place."""
    places, weight = drawing.draw(MANY, size, share_done, torch.Generator().manual_seed(0))
    weights = torch.zeros(size)
    weights[places] = weight
    return places.bincount(minlength=size) / MANY, weights


def test_uniform_draws_evenly_and_weighs_all_alike() -> None:
    share, weight = drawn(Uniform(), 4)
    assert_close(share, torch.full((4,), 0.25), rtol=0, atol=0.01)
    assert_close(weight, torch.ones(4))


def test_in_proportion_to_the_errors() -> None:
    """Chances 0.1, 0.2, 0.7; weights 10, 5 and 10 / 7 over 3, the largest made 1."""
    share, weight = drawn(of([1.0, -2.0, 7.0], alpha=1.0, beta=1.0), 3)
    assert_close(share, torch.tensor([0.1, 0.2, 0.7]), rtol=0, atol=0.01)
    assert_close(weight, torch.tensor([1.0, 0.5, 1 / 7]), rtol=1e-4, atol=0)


def test_alpha_flattens_and_beta_grows() -> None:
    """Roots 1 and 3: chances 1/4 and 3/4; with beta from 0 to 1 the weights go from 1 and 1 to 1 and 1/3."""
    drawing = Prioritised(PrioritisedConfig(alpha=0.5, beta=(0.0, 1.0)))
    drawing.added(torch.arange(2), 2)
    drawing.learnt(torch.arange(2), torch.tensor([1.0, 9.0]))
    share, before = drawn(drawing, 2)
    assert_close(share, torch.tensor([0.25, 0.75]), rtol=0, atol=0.01)
    assert_close(before, torch.ones(2))
    assert_close(drawn(drawing, 2, share_done=1.0)[1], torch.tensor([1.0, 1 / 3]), rtol=1e-4, atol=0)


def test_the_new_get_the_largest_priority() -> None:
    drawing = of([1.0, 6.0, 2.0], alpha=1.0)
    drawing.added(torch.tensor([0, 3]), 10)  # the first gives way
    assert_close(drawn(drawing, 4)[0], torch.tensor([0.3, 0.3, 0.1, 0.3]), rtol=0, atol=0.01)


def test_of_what_was_drawn_twice_the_largest_error_counts() -> None:
    drawing = of([1.0, 1.0], alpha=1.0)
    drawing.learnt(torch.tensor([1, 1, 1]), torch.tensor([2.0, 4.0, 3.0]))
    assert_close(drawn(drawing, 2)[0], torch.tensor([0.2, 0.8]), rtol=0, atol=0.01)


@pytest.mark.parametrize("errors", [[1.0, 5.0, 2.0], []])
def test_a_state_draws_the_same(errors: list[float]) -> None:
    drawing, other = of(errors or [1.0]), Prioritised(PrioritisedConfig())
    if not errors:
        drawing = Prioritised(PrioritisedConfig())
    other.load_state(drawing.state(), 10, CPU)
    for one in (drawing, other):
        one.added(torch.tensor([3]), 10)
    assert_close(drawn(drawing, 4), drawn(other, 4), rtol=0, atol=0)
