"""What a policy remembers, when it acts and when it learns."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from meeting import Meeting
from torch.testing import assert_close

from marl.core.records import Memory, Observation
from marl.core.roster import Roster
from marl.policies.actor_critic import ActorCritic
from marl.policies.configs import ActorCriticConfig
from marl.training.collector import Collector

COPIES = 3

TeamConfig = Callable[..., ActorCriticConfig]
MakePolicy = Callable[..., ActorCritic]
MakeRoster = Callable[..., Roster]
MakeObservation = Callable[..., Observation]
MakeMemory = Callable[..., Memory]


@pytest.mark.parametrize("sharing", ["class", "team", "agent"])
@pytest.mark.parametrize("temporal", ["transformer", "gru", "stack", "none"])
@pytest.mark.parametrize("remembers", ["seen", "heard"])
def test_acting_and_learning_give_the_same_log_probabilities(
    sharing: str, temporal: str, remembers: str, make_meeting: Callable[..., Meeting], team_config: TeamConfig
) -> None:
    """The second rollout begins within an episode of 5 steps, and two more begin inside it."""
    collector = Collector(make_meeting({"A": 2, "B": 2}, num_copies=4, max_cycles=5), 13, seed=0)
    config = team_config("gat", temporal, sharing, layers=2, remembers=remembers)
    policy = ActorCritic(collector.environment.roster, config)
    for actor in policy.actors.values():
        torch.nn.init.normal_(actor.network[-1].weight)
    collector.collect(policy)
    rollout = collector.collect(policy).batch
    assert rollout.started.any(1).long().tolist() == [0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    assert (rollout.memory is None) == (temporal == "none")
    assert rollout.memory is None or bool(rollout.memory.valid.all())
    evaluation = policy.evaluate(rollout)
    assert rollout.log_prob.std() > 0.1
    assert_close(evaluation.log_prob, rollout.log_prob, rtol=0, atol=1e-5)
    assert_close(policy.normaliser.restore(evaluation.value), policy.value(rollout.observation), rtol=0, atol=1e-5)


def test_the_past_matters_to_a_policy_with_memory(
    make_policy: MakePolicy, make_roster: MakeRoster, make_observation: MakeObservation, make_memory: MakeMemory
) -> None:
    roster = make_roster(1, 1)
    policy, observation = make_policy(roster), make_observation(roster, COPIES)
    remembering = policy.act(observation, make_memory(COPIES, 2, 1, 3, 8))
    fresh = policy.act(observation, policy.initial_memory(COPIES, 2))
    assert not remembering.log_prob.allclose(fresh.log_prob)


def test_a_policy_that_remembers_begins_with_an_empty_memory_if_it_is_given_none(
    make_policy: MakePolicy, make_roster: MakeRoster, make_observation: MakeObservation
) -> None:
    roster = make_roster(1, 2)
    policy, observation = make_policy(roster), make_observation(roster, COPIES)
    given = policy.act(observation, policy.initial_memory(COPIES, 3))
    none = policy.act(observation, None)
    assert none.log_prob.equal(given.log_prob)
    assert none.memory is not None
