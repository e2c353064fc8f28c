from __future__ import annotations

import pytest
import torch
from torch.testing import assert_close

from marl.policies.value_normaliser import ValueNormaliser


def test_before_anything_came_nothing_is_changed() -> None:
    normaliser, values = ValueNormaliser(True), torch.tensor([-3.0, 5.0])
    assert normaliser.normalise(values).equal(values)
    assert normaliser.restore(values).equal(values)


def test_one_rollout_gives_its_own_moments() -> None:
    """Corrected for the start: mean 3 and deviation 2, whatever the decay."""
    normaliser = ValueNormaliser(True, decay=0.9)
    normaliser.update(torch.tensor([[1.0, 5.0], [5.0, 1.0]]))
    assert_close(normaliser.normalise(torch.tensor([1.0, 3.0, 7.0])), torch.tensor([-1.0, 0.0, 2.0]))
    assert_close(normaliser.restore(torch.tensor([-1.0, 0.0, 2.0])), torch.tensor([1.0, 3.0, 7.0]))


def test_moments_are_weighted_by_age() -> None:
    """Weights 0.5 * 0.5 and 0.5 over 0.75: mean (1 * 0 + 2 * 6) / 3, square (1 * 4 + 2 * 40) / 3."""
    normaliser = ValueNormaliser(True, decay=0.5)
    normaliser.update(torch.tensor([-2.0, 2.0]))
    normaliser.update(torch.tensor([4.0, 8.0]))
    deviation = (84 / 3 - 4**2) ** 0.5
    assert float(normaliser.normalise(torch.tensor(4.0 + deviation))) == pytest.approx(1.0)
    assert float(normaliser.restore(torch.tensor(0.0))) == pytest.approx(4.0)


def test_an_empty_rollout_changes_nothing() -> None:
    normaliser = ValueNormaliser(True)
    normaliser.update(torch.tensor([1.0, 5.0]))
    before = {name: x.clone() for name, x in normaliser.state_dict().items()}
    normaliser.update(torch.zeros(0))
    assert_close(normaliser.state_dict(), before, rtol=0, atol=0)


def test_returns_that_do_not_vary_stay_finite_and_come_back() -> None:
    normaliser = ValueNormaliser(True)
    normaliser.update(torch.full((5,), 10.0))
    value = torch.tensor([10.0, 11.0])
    assert normaliser.normalise(value).isfinite().all()
    assert_close(normaliser.restore(normaliser.normalise(value)), value)


def test_an_inactive_one_passes_everything_unchanged() -> None:
    normaliser, values = ValueNormaliser(False), torch.tensor([-3.0, 5.0])
    normaliser.update(values)
    assert normaliser.normalise(values) is values
    assert normaliser.restore(values) is values


def test_the_moments_travel_with_the_weights() -> None:
    normaliser, other = ValueNormaliser(True), ValueNormaliser(True)
    normaliser.update(torch.tensor([1.0, 5.0]))
    other.load_state_dict(normaliser.state_dict())
    assert other.restore(torch.tensor(1.0)) == normaliser.restore(torch.tensor(1.0))


def test_the_largest_numbers_are_scaled_as_others_are() -> None:
    """Mean 0 and deviation 3e38, the square of which no float32 holds."""
    normaliser, returns = ValueNormaliser(True), torch.tensor([3e38, -3e38])
    normaliser.update(returns)
    assert_close(normaliser.normalise(returns), torch.tensor([1.0, -1.0]))
    assert_close(normaliser.restore(torch.tensor([1.0, -1.0])), returns)


def test_moments_of_older_files_are_taken_over() -> None:
    """They were float32: mean 3 and deviation 2 at half the weight."""
    normaliser = ValueNormaliser(True)
    normaliser.load_state_dict({name: torch.tensor(x) for name, x in (("mean", 1.5), ("square", 6.5), ("weight", 0.5))})
    assert float(normaliser.restore(torch.tensor(1.0))) == 5
    assert normaliser.square.dtype == torch.float64
