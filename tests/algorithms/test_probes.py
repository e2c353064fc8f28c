"""Tasks so small that the right answer is known: each learner must find it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from probe_environments import COPIES, Endless, Follow, Identity, Leaver, Probe, TwoSteps
from probe_learners import ALL, CRITICS, GAMMA, PPO, Q_NETWORKS, WITH_VALUE, each, policy_of, trained, values
from torch import Tensor
from torch.testing import assert_close

from marl.algorithms.configs import LearnerConfig
from marl.algorithms.kinds import make_learner
from marl.core.records import Observation
from marl.policies.actor_critic import ActorCritic
from marl.policies.q_network import QNetwork
from marl.training.collector import Collector


@each(CRITICS)
@pytest.mark.parametrize("normalise_value", [True, False])
def test_one_step_is_worth_its_reward(config: LearnerConfig, normalise_value: bool) -> None:
    environment = Probe()
    policy = trained(environment, config, 90, normalise_value=normalise_value)
    assert_close(values(policy, environment), torch.ones(1, 1), rtol=0, atol=0.02)


@each(Q_NETWORKS)
def test_one_step_is_worth_its_reward_for_each_action(config: LearnerConfig) -> None:
    environment = Probe()
    policy = trained(environment, config, 90)
    assert isinstance(policy, QNetwork)
    found = policy.q_values(environment.reset(0))["solo"]
    assert_close(found, torch.ones(COPIES, 1, 2), rtol=0, atol=0.02)


@WITH_VALUE
def test_a_reward_is_credited_two_steps_back(config: LearnerConfig) -> None:
    environment = TwoSteps()
    policy = trained(environment, config, 120)
    assert_close(values(policy, environment), torch.tensor([[GAMMA], [1.0]]), rtol=0, atol=0.02)


@WITH_VALUE
def test_a_constant_reward_that_is_cut_is_worth_that_of_ever(config: LearnerConfig) -> None:
    """Worth 1 / (1 - gamma) = 10; without bootstrapping at a cut it would be below 2.8."""
    environment = Endless()
    policy = trained(environment, config, 180, length=9)
    assert_close(values(policy, environment), torch.full((3, 1), 1 / (1 - GAMMA)), rtol=0.03, atol=0)


@ALL
def test_the_action_that_is_shown_is_learnt(config: LearnerConfig) -> None:
    """The best policy earns 1 a step, a random one 0.25."""
    environment = Identity()
    policy = trained(environment, config, 90)
    rollout = Collector(environment, 64, seed=1).collect(policy).batch
    assert rollout.reward.mean() > 0.95


def test_the_number_that_is_shown_is_learnt() -> None:
    """The best policy earns 1 a step, a still one 2 / 3."""
    environment = Follow()
    policy = trained(environment, PPO, 120)
    rollout = Collector(environment, 64, seed=1).collect(policy).batch
    assert rollout.reward.mean() > 0.95


@WITH_VALUE
def test_an_agent_that_leaves_early_is_worth_its_own_steps(config: LearnerConfig) -> None:
    """The stayer has 1 + 0.9 + 0.81 + 0.729 ahead, the leaver 1 + 0.9; what it is given later is nobody's."""
    environment = Leaver()
    policy = trained(environment, config, 180)
    found = values(policy, environment)
    assert_close(found[:, 0], torch.tensor([3.439, 2.71, 1.9, 1.0]), rtol=0, atol=0.06)
    assert_close(found[:2, 1], torch.tensor([1.9, 1.0]), rtol=0, atol=0.06)


def _value_what_has_left(policy: ActorCritic, later: float) -> None:
    known = policy.value

    def value(observation: Observation) -> Tensor:
        return known(observation).masked_fill(~observation.alive, later)

    policy.value = value  # type: ignore[method-assign]


@ALL
def test_what_comes_after_an_agent_left_changes_no_parameter(config: LearnerConfig) -> None:
    environment, weights = Leaver(), []
    for later in (1000.0, -5.0):
        torch.manual_seed(0)
        policy = policy_of(environment, config)
        rollout = Collector(environment, 8, seed=0).collect(policy).batch
        gone = ~rollout.observation.alive
        assert gone.any()
        rollout = replace(rollout, reward=rollout.reward.masked_fill(gone, later))
        if isinstance(policy, ActorCritic):
            _value_what_has_left(policy, later)
        make_learner(policy, config, seed=0).update(rollout, 0.0)
        weights.append(policy.state_dict())
    assert_close(weights[0], weights[1], rtol=0, atol=0)
