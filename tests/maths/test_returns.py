from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from marl.maths.returns import explained_variance, generalised_advantage, n_step_return, turn_return


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


def test_two_players_in_turns_by_hand() -> None:
    """Each acts every other step and is paid after the other's act, too; gamma and lambda are a half.

    The first acts at 0, 2 and 4: paid 1 + 2, 0 and 4, worth 2, 6 and 0 there, and the game ends for it at step 4.
    A_4 = 4 - 0, A_2 = 0 + 0 / 2 - 6 + A_4 / 4 = -5, A_0 = 3 + 6 / 2 - 2 + A_2 / 4 = 2.75.
    The second acts at 1 and 3: paid 5 + 0 and 1, worth 1 and 8, and the rollout ends before it acts again, at 2.
    A_3 = 1 + 2 / 2 - 8 = -6, A_1 = 5 + 8 / 2 - 1 + A_3 / 4 = 6.5. No other value is read.
    """
    nan = torch.nan
    advantage = generalised_advantage(
        reward=torch.tensor([[1.0, 9.0], [2.0, 5.0], [0.0, 0.0], [0.0, 0.0], [4.0, 1.0]]),
        value=torch.tensor([[2.0, nan], [nan, 1.0], [6.0, nan], [nan, 8.0], [0.0, nan]]),
        next_value=torch.tensor([[nan, 1.0], [6.0, nan], [nan, 8.0], [0.0, nan], [nan, 2.0]]),
        terminated=torch.tensor([[False, False]] * 4 + [[True, False]]),
        truncated=torch.zeros(5, 2, dtype=torch.bool),
        gamma=0.5,
        gae_lambda=0.5,
        acting=torch.tensor([[True, False], [False, True]] * 2 + [[True, False]]),
    )
    assert advantage.tolist() == [[2.75, 0.0], [0.0, 6.5], [-5.0, 0.0], [0.0, -6.0], [4.0, 0.0]]


def test_turns_equal_each_agents_own_sequence() -> None:
    """500 agents, of which each acts at about every third step, over 24 steps in which episodes end both ways."""
    generator = torch.Generator().manual_seed(0)
    reward, value, last = torch.randn(3, 24, 500, generator=generator, dtype=torch.float64).unbind()
    next_value = torch.cat([value[1:], last[-1:]])
    acting, terminated, truncated = (torch.rand(24, 500, generator=generator) < share for share in (0.35, 0.06, 0.06))
    next_value = torch.where(truncated, last, next_value)
    found = generalised_advantage(reward, value, next_value, terminated, truncated, 0.97, 0.95, acting)
    assert found[~acting].eq(0).all()
    for agent in range(500):
        turns, over = acting[:, agent].nonzero()[:, 0].tolist(), terminated | truncated
        own = []
        for turn, after in zip(turns, [*turns[1:], 24], strict=True):
            ends = [t for t in range(turn, after) if over[t, agent]]
            until = ends[0] if ends else after - 1  # the step with which the act's outcome is whole
            own.append((turn, until, float(reward[turn : until + 1, agent].sum())))
        steps, ends = [turn for turn, _, _ in own], [until for _, until, _ in own]
        paid = torch.tensor([paid for _, _, paid in own], dtype=torch.float64)
        rest = (x[ends, agent] for x in (next_value, terminated, truncated))
        assert_close(found[steps, agent], naive(paid, value[steps, agent], *rest, 0.97, 0.95), rtol=0, atol=1e-6)


def test_where_all_act_the_numbers_are_those_of_equation_16_bit_for_bit() -> None:
    generator = torch.Generator().manual_seed(0)
    reward, value, next_value = torch.randn(3, 16, 8, 3, generator=generator).unbind()
    terminated, truncated = (torch.rand(2, 16, 8, 3, generator=generator) < 0.15).unbind()
    delta = reward + 0.97 * next_value.masked_fill(terminated, 0.0) - value
    carry = torch.full_like(delta, 0.97 * 0.9).masked_fill(terminated | truncated, 0.0)
    rows = [delta[-1]]
    for t in range(14, -1, -1):
        rows.append(delta[t] + carry[t] * rows[-1])
    arguments = (reward, value, next_value, terminated, truncated, 0.97, 0.9)
    for acting in (None, torch.ones_like(terminated)):
        assert generalised_advantage(*arguments, acting).equal(torch.stack(rows[::-1]))


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


def test_n_step_returns_in_turns_by_hand() -> None:
    """Two acts, gamma a half. The first agent is to move after steps 1 and 3: 1 + 2 for an act, 4 + 8 for the next.

    The second is to move after step 0 and its episode ends with step 1: 1 and 2 / 2, and nothing after them. The third
    is to move after step 0, and what comes of its next act is not known: 1, and half the value there. The last waits.
    """
    F, T = False, True
    reward = torch.tensor([1.0, 2.0, 4.0, 8.0, 16.0])[None, :, None].expand(1, 5, 4)
    follows = torch.tensor([[F, T, F, T, F], [T, F, F, F, F], [T, F, F, F, F], [F, F, F, F, F]]).T[None]
    ends = torch.tensor([[F] * 5, [F, T, F, F, F], [F] * 5, [F] * 5]).T[None]
    taken = torch.ones(1, 5, dtype=torch.bool)
    returns, discount, last, known = turn_return(reward, follows, ends, ends, taken, 2, 0.5)
    assert returns[0, :3].tolist() == [3 + 12 / 2, 1 + 2 / 2, 1]
    assert discount[0, :3].tolist() == [0.25, 0.0, 0.5]
    assert last[0, :3].tolist() == [3, 1, 0]
    assert known.tolist() == [[True, True, True, False]]
    returns, discount, last, known = turn_return(
        reward, follows, ends & False, ends, taken & (reward[..., 0] < 8), 2, 0.5
    )
    assert returns[0, :3].tolist() == [3, 1 + 2 / 2, 1]  # the window holds three steps, and the second agent is cut
    assert discount[0, :3].tolist() == [0.5, 0.25, 0.5]
    assert last[0, :3].tolist() == [1, 1, 0]
    assert known.tolist() == [[True, True, True, False]]


def test_n_step_returns_of_those_who_always_act_are_the_plain_ones() -> None:
    generator = torch.Generator().manual_seed(0)
    reward, terminated = torch.randn(50, 3, 2, generator=generator), torch.rand(50, 3, 2, generator=generator) < 0.2
    taken = torch.arange(3) < torch.randint(1, 4, (50, 1), generator=generator)
    in_turns = turn_return(reward, ~terminated, terminated, terminated, taken, 3, 0.9)
    assert_close(in_turns[:2], n_step_return(reward, terminated, taken, 0.9))
    assert in_turns[3].all()
