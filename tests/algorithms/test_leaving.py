"""Agents that die, are cut, join and take turns: each learner must know what their steps are worth."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from leaving import Written
from meeting import Meeting
from probe_learners import CRITICS, Q_NETWORKS, each, trained, values
from torch import Tensor
from torch.testing import assert_close

from marl.algorithms.configs import AlgorithmConfig, LearnerConfig, PPOConfig, ReinforceConfig
from marl.algorithms.kinds import make_learner
from marl.core.records import Observation, Rollout
from marl.networks.configs import CriticConfig, EncoderConfig, GraphConfig, TransformerConfig
from marl.policies.actor_critic import ActorCritic
from marl.policies.configs import ActorCriticConfig
from marl.training.collector import Collector

LEARNERS = each({name: {**CRITICS, **Q_NETWORKS}[name] for name in ("a2c", "dqn", "far_dqn")})


@LEARNERS
def test_each_is_worth_what_it_has_ahead(config: LearnerConfig) -> None:
    """The first dies at 2, the second is cut at 4 while others play on, the third joins at 2, one has both flags.
    The last dies at 2, comes back at 4, and dies again at 6.

    One a step is worth 1 + 0.9 + ... until one dies, and 1 / (1 - 0.9) = 10 if one is only cut; both flags are a death.
    """
    environment = Written(("xx", "xxxx", "--xxxx", "xxx", "xx--xx"), ("dies", "cut", "dies", "both", "dies"))
    found = values(trained(environment, config, 300), environment)
    assert_close(found[:2, 0], torch.tensor([1.9, 1.0]), rtol=0.02, atol=0)
    assert_close(found[:4, 1], torch.full((4,), 10.0), rtol=0.02, atol=0)
    assert_close(found[2:6, 2], torch.tensor([3.439, 2.71, 1.9, 1.0]), rtol=0.02, atol=0)
    assert_close(found[:3, 3], torch.tensor([2.71, 1.9, 1.0]), rtol=0.02, atol=0)
    assert_close(found[[0, 1, 4, 5], 4], torch.tensor([1.9, 1.0, 1.9, 1.0]), rtol=0.02, atol=0)


@LEARNERS
def test_in_turns_an_act_is_worth_what_comes_until_the_next(config: LearnerConfig) -> None:
    """Paid 1 for an own act and 2 after the other's, in a game of six turns.

    The first has 1 + 2 for each of its three acts: 3, 3 + 0.9 * 3 = 5.7, 8.13. The second begins later, so that its
    last act brings 1: 1, 3 + 0.9 = 3.9, 6.51; what it is paid before its first is for no act.
    """
    paid = ((1.0, 2.0, 1.0, 2.0, 1.0, 2.0), (2.0, 1.0, 2.0, 1.0, 2.0, 1.0))
    environment = Written(("x.x.x.", ".x.x.x"), ("dies", "dies"), paid)
    found = values(trained(environment, config, 220, length=8), environment)
    assert_close(found[::2, 0], torch.tensor([8.13, 5.7, 3.0]), rtol=0.02, atol=0)
    assert_close(found[1::2, 1], torch.tensor([6.51, 3.9, 1.0]), rtol=0.02, atol=0)


def test_a_team_in_turns_is_worth_what_all_have_ahead() -> None:
    """The mean of its two agents' rewards, (1 + 2) / 2 a turn, from whoever is to move: 1.5, 1.5 + 0.9 * 1.5, ..."""
    paid = ((1.0, 2.0, 1.0, 2.0), (2.0, 1.0, 2.0, 1.0))
    environment = Written(("x.x.", ".x.x"), ("dies", "dies"), paid)
    found = values(trained(environment, Q_NETWORKS["dqn"], 220, mixer="vdn"), environment)
    expected = torch.tensor([5.1585, 4.065, 2.85, 1.5])
    assert_close(found[range(4), [0, 1, 0, 1]], expected, rtol=0.02, atol=0)


def seated(observation: Observation, index: Tensor, there: Tensor) -> Observation:
    """The same with the agents in other seats; those that are not ``there`` are copies of others, but not alive."""
    everything = torch.cat([index, torch.tensor([4, 5])])  # landmark and target
    assert observation.adjacency is not None
    assert observation.acting is not None
    assert observation.kinematics is not None
    assert observation.entities is not None
    assert observation.entity_mask is not None
    assert observation.auxiliary_target is not None
    classes = dict(zip(observation.features, index.chunk(2), strict=True))
    return Observation(
        features={name: x[..., classes[name] % 2, :] for name, x in observation.features.items()},
        alive=observation.alive[..., index] & there,
        adjacency=observation.adjacency[..., index, :][..., index],
        kinematics=observation.kinematics[..., index, :],
        entities=observation.entities[..., everything, :],
        entity_mask=observation.entity_mask[..., everything],
        auxiliary_target=observation.auxiliary_target[..., index, :],
        acting=observation.acting[..., index] & there,
    )


@pytest.fixture
def policy(make_meeting: Callable[..., Meeting], team_config: Callable[..., ActorCriticConfig]) -> ActorCritic:
    return ActorCritic(make_meeting({"A": 2, "B": 2}).roster, team_config()).double()


@pytest.fixture
def lively(make_meeting: Callable[..., Meeting], policy: ActorCritic) -> Rollout:
    """Eight steps in six copies of two agents a class, in float64: some die, some are cut, some wait."""
    collector = Collector(make_meeting({"A": 2, "B": 2}, num_copies=6), 8, seed=0)
    collector.collect(policy.float())
    played = collector.collect(policy).batch
    policy.double()
    played = played.map(lambda x: x.double() if x.is_floating_point() else x)
    drawn = torch.rand(3, 8, 6, 4, generator=torch.Generator().manual_seed(0))
    gone = (drawn[0] < 0.1).cummax(0).values & ~played.truncated  # these left before the step
    leaves = torch.cat([gone[1:], gone[:1] & False]) & ~gone
    cut = leaves & (drawn[1] < 0.5)
    alive, after = ~gone, ~gone & ~leaves
    acting, acting_after = (x & (y < 0.7) for x, y in ((alive, drawn[2]), (after, drawn[2].roll(-1, 0))))
    return replace(
        played,
        observation=replace(played.observation, alive=alive, acting=acting),
        next_observation=replace(played.next_observation, alive=after | cut, acting=acting_after),
        reward=drawn[0].double(),
        terminated=gone | (leaves & ~cut),
        truncated=played.truncated | cut,
    )


@pytest.mark.parametrize(
    ("index", "there"),
    [([1, 0, 3, 2], [True] * 4), ([0, 1, 0, 2, 3, 3], [True, True, False] * 2)],
    ids=["the agents of a class change seats", "a seat of each class stays empty"],
)
@pytest.mark.parametrize("config", [PPOConfig(epochs=1, minibatches=1, auxiliary_coef=0.5), ReinforceConfig()])
def test_what_is_learnt_does_not_depend_on_the_seats(
    config: AlgorithmConfig, index: list[int], there: list[bool], policy: ActorCritic, lively: Rollout
) -> None:
    learnt = []
    seats, taken = torch.tensor(index), torch.tensor(there)
    assert lively.memory is not None
    moved = replace(
        lively,
        observation=seated(lively.observation, seats, taken),
        next_observation=seated(lively.next_observation, seats, taken),
        action={name: x[..., each % 2] for (name, x), each in zip(lively.action.items(), seats.chunk(2), strict=True)},
        log_prob=lively.log_prob[..., seats],
        reward=lively.reward[..., seats],
        terminated=lively.terminated[..., seats] | ~taken,
        truncated=lively.truncated[..., seats] & taken,
        memory=lively.memory.index(slice(None), seats),
    )
    for rollout in (lively, moved):
        twin = copy.deepcopy(policy)
        metrics = make_learner(twin, config, 0).update(rollout, 0.0)
        learnt.append((metrics, dict(twin.state_dict())))
    assert_close(learnt[0], learnt[1], rtol=1e-6, atol=1e-9)


def test_an_agent_remembers_what_it_acted_on_and_nothing_else() -> None:
    """Acting and learning agree over deaths, returns, late joins and turns, in a rollout and from one to the next."""
    environment = Written(("x.x.xx", "-xx.x-", "xx--xx"), ("dies", "cut", "dies"))
    transformer = TransformerConfig(layers=2, heads=2, window=2, feedforward=16)
    config = ActorCriticConfig(
        encoder=EncoderConfig(hidden=(16,), temporal="transformer", transformer=transformer),
        graph=GraphConfig(kind="none"),
        critic=CriticConfig(sharing="independent"),
    )
    policy = ActorCritic(environment.roster, config)
    torch.nn.init.normal_(policy.actors["solo"].network[-1].weight)
    collector = Collector(environment, 4, seed=0)
    for _ in range(3):
        rollout = collector.collect(policy).batch
        acting, features = rollout.observation.to_move, rollout.observation.features["solo"]
        noise = torch.randn_like(features).where(~acting[..., None], features)
        for seen in (features, noise):
            changed = replace(rollout, observation=replace(rollout.observation, features={"solo": seen}))
            assert_close(policy.evaluate(changed).log_prob, rollout.log_prob, rtol=0, atol=1e-5)
        assert rollout.log_prob[acting].std() > 0.1
