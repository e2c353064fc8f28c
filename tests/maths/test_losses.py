from __future__ import annotations

import pytest
import torch
from torch.nn.functional import huber_loss
from torch.testing import assert_close

from marl.maths.losses import clipped_surrogate, masked_mean, normalise, regression


def test_masked_mean_counts_the_valid_entries_only() -> None:
    x = torch.tensor([[1.0, 5.0], [100.0, 3.0]])
    assert float(masked_mean(x, torch.tensor([[True, True], [False, True]]))) == 3.0
    assert float(masked_mean(x, torch.zeros(2, 2, dtype=torch.bool))) == 0.0


def test_normalised_entries_have_mean_0_and_deviation_1() -> None:
    x = torch.tensor([2.0, 4.0, 6.0, 1e9], dtype=torch.float64)
    valid = torch.tensor([True, True, True, False])
    assert_close(normalise(x, valid)[:3], torch.tensor([-1.5, 0, 1.5], dtype=torch.float64).mul((2 / 3) ** 0.5))


def test_equal_entries_normalise_to_zero() -> None:
    assert normalise(torch.full((3,), 7.0), torch.ones(3, dtype=torch.bool)).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "slope"),
    [
        (1.1, 2.0, -2.2, -2.0),
        (1.5, 2.0, -2.4, 0.0),  # clipped at 1.2: nothing more to gain
        (0.5, 2.0, -1.0, -2.0),  # worse than before: not clipped
        (0.5, -2.0, 1.6, 0.0),  # clipped at 0.8
        (1.5, -2.0, 3.0, 2.0),
    ],
)
def test_clipped_surrogate_by_hand(ratio: float, advantage: float, loss: float, slope: float) -> None:
    variable = torch.tensor(ratio, requires_grad=True)
    result = clipped_surrogate(variable, torch.tensor(advantage), 0.2)
    (gradient,) = torch.autograd.grad(result, variable)
    assert result.item() == pytest.approx(loss)
    assert float(gradient) == pytest.approx(slope)


def test_regression_by_hand_and_against_torch() -> None:
    prediction, target = torch.tensor([0.0, 1.0, 5.0]), torch.tensor([0.5, 1.0, 1.0])
    assert regression(prediction, target, "squared").tolist() == [0.125, 0.0, 8.0]
    assert regression(prediction, target, "huber", delta=2.0).tolist() == [0.125, 0.0, 6.0]  # 2 * (4 - 1)
    assert_close(
        regression(prediction, target, "huber", delta=0.3), huber_loss(prediction, target, reduction="none", delta=0.3)
    )
