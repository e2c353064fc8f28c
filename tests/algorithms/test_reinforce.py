from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from marl.algorithms.configs import ReinforceConfig
from marl.algorithms.policy_gradient import Targets
from marl.algorithms.reinforce import Reinforce
from marl.core.records import Observation, Rollout
from marl.core.roster import Roster
from marl.policies.actor_critic import ActorCritic


class Watched(Reinforce):
    """Learner that keeps the targets that it was trained towards."""

    targets: Targets

    def _policy_loss(self, log_prob: Tensor, rollout: Rollout, targets: Targets, *rest: Any) -> Tensor:
        self.targets = targets
        return super()._policy_loss(log_prob, rollout, targets, *rest)


@pytest.fixture
def rollout(
    make_roster: Callable[..., Roster],
    make_observation: Callable[..., Observation],
    as_rollout: Callable[..., Rollout],
) -> Rollout:
    """Four steps of two agents in three copies; rewards are 1, 2, 4, 8.

    Copy 0: truncated after the second step. Copy 1: the second agent leaves at the first step, the
    first goes on. Copy 2: nothing ends.
    """
    observation = make_observation(make_roster(1, 1), 4, 3)
    terminated = torch.zeros(4, 3, 2, dtype=torch.bool)
    truncated = terminated.clone()
    truncated[1, 0], terminated[:, 1, 1] = True, True
    observation.alive[1:, 1, 1] = False
    reward = torch.tensor([1.0, 2.0, 4.0, 8.0], dtype=torch.float64)[:, None, None].expand(4, 3, 2)
    rewarded = {"reward": reward, "terminated": terminated, "truncated": truncated}
    return as_rollout(observation, None, **rewarded)


@pytest.fixture
def policy(make_policy: Callable[..., ActorCritic], make_roster: Callable[..., Roster]) -> ActorCritic:
    """Policy whose critic values every state at 16."""
    policy = make_policy(make_roster(1, 1), normalise_value=False)
    policy.value = lambda observation: torch.full(observation.alive.shape, 16.0, dtype=torch.float64)
    return policy


def test_without_a_baseline_only_episodes_that_end_count(policy: ActorCritic, rollout: Rollout) -> None:
    config = ReinforceConfig(baseline=False, gamma=0.5, normalise_advantage="none")
    learner = Watched(policy, config, 0)
    learner.update(rollout, 0.0)
    valid, returns = learner.targets.valid, learner.targets.returns
    assert valid[:, 0].tolist() == [[True, True], [True, True], [False, False], [False, False]]
    assert valid[:, 1].tolist() == [[False, True], [False, False], [False, False], [False, False]]
    assert not valid[:, 2].any()
    assert returns[:2, 0].tolist() == [[2.0, 2.0], [2.0, 2.0]]  # 1 + 0.5 * 2, and 2: no bootstrap
    assert returns[0, 1, 1] == 1.0
    assert learner.targets.advantage.equal(returns)


def test_with_a_baseline_what_was_cut_is_bootstrapped(policy: ActorCritic, rollout: Rollout) -> None:
    config = ReinforceConfig(gamma=0.5, normalise_advantage="none")
    learner = Watched(policy, config, 0)
    learner.update(rollout, 0.0)
    assert learner.targets.valid.equal(rollout.observation.alive)
    returns = learner.targets.returns
    assert returns[:, 0, 0].tolist() == [6.0, 10.0, 12.0, 16.0]  # 1 + 0.5 (2 + 0.5 * 16), ..., 8 + 0.5 * 16
    assert returns[0, 1, 1] == 1.0
    assert_close(returns[:, 2, 0], torch.tensor([5.0, 8.0, 12.0, 16.0], dtype=torch.float64))


def test_other_returns_than_monte_carlo_are_refused() -> None:
    with pytest.raises(ValueError, match="gae_lambda"):
        ReinforceConfig(gae_lambda=0.9)


def test_a_rollout_without_an_ended_episode_moves_nothing(policy: ActorCritic, rollout: Rollout) -> None:
    learner = Reinforce(policy, ReinforceConfig(baseline=False, gamma=0.5), 0)
    learner.update(rollout, 0.0)  # Adam has momentum now
    before = {name: p.detach().clone() for name, p in policy.named_parameters()}
    never = torch.zeros_like(rollout.terminated)
    metrics = learner.update(replace(rollout, terminated=never, truncated=never), 0.0)
    assert "loss/policy" not in metrics
    assert all(p.equal(before[name]) for name, p in policy.named_parameters())
