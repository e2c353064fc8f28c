from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from marl.maths.returns import explained_variance, generalised_advantage, n_step_return


def naive(
    reward: Tensor, value: Tensor, next_value: Tensor, terminated: Tensor, truncated: Tensor, gamma: float, lam: float
) -> Tensor:
    """The sum of equation 16, term by term, for one agent."""
    length = len(reward)
    advantage = torch.zeros_like(reward)
    for t in range(length):
        for k in range(t, length):
            bootstrap = 0.0 if terminated[k] else gamma * next_value[k]
            advantage[t] += (gamma * lam) ** (k - t) * (reward[k] + bootstrap - value[k])
            if terminated[k] or truncated[k]:
                break
    return advantage


def test_four_steps_by_hand_with_both_kinds_of_end() -> None:
    """delta = 0.5, 1 (terminated: no bootstrap), 3.5 (truncated: bootstraps from 5), 3.5."""
    advantage = generalised_advantage(
        reward=torch.tensor([1.0, 2.0, 3.0, 4.0]),
        value=torch.tensor([1.0, 1.0, 2.0, 2.0]),
        next_value=torch.tensor([1.0, 9.0, 5.0, 3.0]),
        terminated=torch.tensor([False, True, False, False]),
        truncated=torch.tensor([False, False, True, False]),
        gamma=0.5,
        gae_lambda=0.5,
    )
    assert advantage.tolist() == [0.75, 1.0, 3.5, 3.5]


@pytest.mark.parametrize("gae_lambda", [0.0, 0.9, 1.0])
def test_it_equals_the_sum_term_by_term(gae_lambda: float) -> None:
    generator = torch.Generator().manual_seed(0)
    reward, value, next_value = torch.randn(3, 12, 4, 3, generator=generator, dtype=torch.float64).unbind()
    terminated, truncated = (torch.rand(2, 12, 4, 3, generator=generator) < 0.15).unbind()
    arguments = (reward, value, next_value, terminated, truncated)
    advantage = generalised_advantage(*arguments, 0.97, gae_lambda)
    for b in range(4):
        for n in range(3):
            expected = naive(*(x[:, b, n] for x in arguments), 0.97, gae_lambda)
            assert_close(advantage[:, b, n], expected, rtol=0, atol=1e-12)


def test_with_lambda_1_value_and_advantage_make_the_discounted_return() -> None:
    """1 + 0.5 * 2 + 0.25 * 4 + 0.125 * 8 = 4; the last 8 is the successor's value."""
    value = torch.tensor([3.0, -1.0, 7.0])
    never = torch.zeros(3, dtype=torch.bool)
    next_value = torch.tensor([-1.0, 7.0, 8.0])
    advantage = generalised_advantage(torch.tensor([1.0, 2.0, 4.0]), value, next_value, never, never, 0.5, 1.0)
    assert (advantage + value).tolist() == [4.0, 6.0, 8.0]


def test_a_true_value_has_no_advantage_however_often_the_task_is_cut() -> None:
    """Reward 1 for ever is worth 1 / (1 - gamma), whether truncated or not."""
    value = torch.full((9,), 10.0, dtype=torch.float64)
    truncated = torch.arange(9) % 3 == 2
    never = torch.zeros(9, dtype=torch.bool)
    advantage = generalised_advantage(torch.ones_like(value), value, value, never, truncated, 0.9, 0.95)
    assert_close(advantage, torch.zeros_like(value), rtol=0, atol=1e-12)


def test_what_follows_a_termination_has_no_weight_even_if_it_is_not_a_number() -> None:
    reward, value = torch.ones(2), torch.zeros(2)
    next_value = torch.tensor([torch.nan, 0.0])
    terminated = torch.tensor([True, False])
    advantage = generalised_advantage(reward, value, next_value, terminated, ~terminated, 0.9, 0.9)
    assert advantage.tolist() == [1.0, 1.0]


def test_explained_variance_by_hand() -> None:
    """Returns 0, 2, 4 have variance 8/3; errors 1, 0, -1 have 2/3."""
    valid = torch.tensor([True, True, True, False])
    returns = torch.tensor([0.0, 2.0, 4.0, 1e6])
    value = torch.tensor([-1.0, 2.0, 5.0, -1e6])
    assert float(explained_variance(value, returns, valid)) == pytest.approx(0.75)
    assert float(explained_variance(returns + 7, returns, valid)) == pytest.approx(1.0)
    assert float(explained_variance(torch.zeros(4), returns, valid)) == pytest.approx(0.0)
    assert explained_variance(value, torch.ones(4), valid).isnan()


@pytest.mark.filterwarnings("error")
def test_of_nothing_there_is_no_variance_to_explain() -> None:
    assert explained_variance(torch.ones(2), torch.ones(2), torch.zeros(2, dtype=torch.bool)).isnan()


HALVES = torch.tensor([[[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]]])
"""One sample, three steps, two agents."""


@pytest.mark.parametrize(
    ("terminated", "taken", "returns", "discount"),
    [
        ([None, None], [True, True, True], [3.0, 3.0], [0.125, 0.125]),
        ([None, None], [True, True, False], [2.0, 2.0], [0.25, 0.25]),
        ([None, None], [True, False, False], [1.0, 1.0], [0.5, 0.5]),
        ([0, None], [True, True, True], [1.0, 3.0], [0.0, 0.125]),
        ([1, 1], [True, True, False], [2.0, 2.0], [0.0, 0.0]),
        ([None, 2], [True, True, False], [2.0, 2.0], [0.25, 0.25]),
    ],
    ids=["three steps", "two", "one", "one agent leaves", "the end", "an end that was not taken"],
)
def test_n_step_returns(
    terminated: list[int | None], taken: list[bool], returns: list[float], discount: list[float]
) -> None:
    ends = torch.zeros(1, 3, 2, dtype=torch.bool)
    for agent, step in enumerate(terminated):
        if step is not None:
            ends[0, step, agent] = True
    found = n_step_return(HALVES, ends, torch.tensor([taken]), 0.5)
    assert_close(found, (torch.tensor([returns]), torch.tensor([discount])))
