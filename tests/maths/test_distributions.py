from __future__ import annotations

import pytest
import torch
from torch import distributions as reference
from torch.testing import assert_close

from marl.maths.distributions import Categorical, DiagonalGaussian

MASK = torch.tensor([[True, True, False, True], [False, False, True, False], [False, True, True, False]])


@pytest.fixture
def logits() -> torch.Tensor:
    return torch.randn(5, 3, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 3


def test_categorical_agrees_with_torch(logits: torch.Tensor) -> None:
    ours, theirs = Categorical.of(logits), reference.Categorical(logits=logits)
    for action in range(4):
        chosen = torch.full((5, 3), action)
        assert_close(ours.log_prob(chosen), theirs.log_prob(chosen))
    assert_close(ours.entropy, theirs.entropy())
    assert ours.mode.equal(logits.argmax(-1))


def test_masked_categorical_agrees_with_one_of_the_legal_actions_alone(logits: torch.Tensor) -> None:
    ours = Categorical.of(logits, MASK.expand(5, 3, 4))
    for agent in range(3):
        legal = MASK[agent].nonzero().flatten()
        theirs = reference.Categorical(logits=logits[:, agent, legal])
        for place, action in enumerate(legal.tolist()):
            assert_close(ours.log_prob(torch.full((5, 3), action))[:, agent], theirs.log_prob(torch.tensor(place)))
        assert_close(ours.entropy[:, agent], theirs.entropy())
        assert MASK[agent][ours.mode[:, agent]].all()


def test_masked_actions_are_never_drawn_and_gradients_stay_finite() -> None:
    logits = torch.zeros(20000, 3, 4).index_fill_(-1, torch.tensor([2]), 50.0).requires_grad_()
    distribution = Categorical.of(logits, MASK)
    action = distribution.sample(torch.Generator().manual_seed(0))
    for agent in range(3):
        assert set(action[:, agent].tolist()) == set(MASK[agent].nonzero().flatten().tolist()) - (
            {1} if agent == 2 else set()  # exp(-50)
        )
    (distribution.entropy.sum() + distribution.log_prob(action).sum()).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_categorical_samples_have_their_probabilities() -> None:
    probability = torch.tensor([0.5, 0.25, 0.05, 0.2])
    number = 40000
    action = Categorical.of(probability.log().expand(number, 1, 4)).sample(torch.Generator().manual_seed(3))
    assert action.shape == (number, 1)
    expected = number * probability
    chi_square = ((action.flatten().bincount(minlength=4) - expected).square() / expected).sum()
    assert chi_square < 16.27  # 99.9 % of chi-square with 3 degrees of freedom


def test_gaussian_agrees_with_torch() -> None:
    generator = torch.Generator().manual_seed(2)
    mean, action = torch.randn(2, 6, 3, 4, generator=generator, dtype=torch.float64).unbind()
    log_std = torch.tensor([-1.0, 0.0, 0.5, 1.0], dtype=torch.float64)
    ours = DiagonalGaussian(mean, log_std)
    theirs = reference.Independent(reference.Normal(mean, log_std.exp()), 1)
    assert_close(ours.log_prob(action), theirs.log_prob(action))
    assert_close(ours.entropy, theirs.entropy())
    assert ours.mode.equal(mean)


def test_gaussian_samples_have_mean_and_deviation() -> None:
    mean, deviation, number = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 2.0]), 40000
    sample = DiagonalGaussian(mean.expand(number, 1, 2), deviation.log()).sample(torch.Generator().manual_seed(4))
    error = deviation / number**0.5
    assert ((sample.mean((0, 1)) - mean).abs() < 3.5 * error).all()
    assert ((sample.std((0, 1)) - deviation).abs() < 3.5 * error / 2**0.5).all()


@pytest.mark.parametrize(
    "distribution",
    [Categorical.of(torch.zeros(50, 2, 6)), DiagonalGaussian(torch.zeros(50, 2, 6), torch.zeros(6))],
    ids=["categorical", "gaussian"],
)
def test_the_generator_alone_decides(distribution: Categorical | DiagonalGaussian) -> None:
    before = torch.get_rng_state()
    first = distribution.sample(torch.Generator().manual_seed(5))
    assert first.equal(distribution.sample(torch.Generator().manual_seed(5)))
    assert not first.equal(distribution.sample(torch.Generator().manual_seed(6)))
    assert before.equal(torch.get_rng_state())
