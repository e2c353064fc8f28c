from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from marl.core.records import Observation
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.networks.configs import CriticConfig, EncoderConfig, GraphConfig
from marl.policies.actor_critic import ActorCritic
from marl.policies.configs import (
    ActorCriticConfig,
    EvenBins,
    QNetworkConfig,
    RandomPolicyConfig,
    TableConfig,
)
from marl.policies.policy import Policy
from marl.policies.q_network import QNetwork
from marl.policies.random import RandomPolicy
from marl.policies.table import Table

DISCRETE, CONTINUOUS = ActionSpec("discrete", 5), ActionSpec("continuous", 2)
ENCODER = EncoderConfig(hidden=(8,), temporal="none")


def actor_critic(roster: Roster) -> Policy:
    critic = CriticConfig(sharing="independent")
    return ActorCritic(roster, ActorCriticConfig(encoder=ENCODER, graph=GraphConfig(kind="none"), critic=critic))


def q_network(roster: Roster) -> Policy:
    policy = QNetwork(roster, QNetworkConfig(encoder=ENCODER))
    policy.epsilon.fill_(0.5)
    return policy


def table(roster: Roster) -> Policy:
    return Table(roster, TableConfig(bins=(EvenBins(low=-1, high=1, count=2),) * 3))


@pytest.mark.parametrize(
    ("make", "action"),
    [
        (actor_critic, DISCRETE),
        (actor_critic, CONTINUOUS),
        (q_network, DISCRETE),
        (lambda roster: RandomPolicy(roster, RandomPolicyConfig()), CONTINUOUS),
        (table, DISCRETE),
    ],
    ids=["actor_critic", "continuous", "q_network", "random", "table"],
)
def test_who_is_not_to_move_does_nothing_and_the_others_what_they_would(
    make: Callable[[Roster], Policy], action: ActionSpec
) -> None:
    """The first agent of class A has left, the second waits; of class B one waits in every other copy."""
    roster = Roster((AgentClass("A", 3, action), AgentClass("B", 3, action)), (3, 2))
    policy = make(roster)
    observation = Observation(
        {"A": torch.randn(20, 3, 3), "B": torch.randn(20, 2, 3)}, torch.ones(20, 5, dtype=torch.bool)
    )
    alive, acting = (torch.ones(20, 5, dtype=torch.bool) for _ in range(2))
    alive[:, 0] = acting[:, :2] = acting[::2, 4] = False
    every, some = (
        policy.act(seen, None, torch.Generator().manual_seed(0))
        for seen in (observation, replace(observation, alive=alive, acting=acting))
    )
    for name, agents in roster.slices.items():
        there = acting[:, agents]
        assert some.action[name][there].equal(every.action[name][there])
        assert every.action[name][there].any()
        assert not some.action[name][~there].any()
    assert some.log_prob[acting].equal(every.log_prob[acting])
    assert not some.log_prob[~acting].any()
