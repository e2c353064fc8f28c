"""Learners of the probes, which train small policies until they know the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pytest
import torch
from probe_environments import COPIES, Probe
from torch import Tensor

from marl.algorithms.configs import (
    A2CConfig,
    DQNConfig,
    HardTarget,
    LearnerConfig,
    PPOConfig,
    PrioritisedConfig,
    ReinforceConfig,
    SoftTarget,
)
from marl.algorithms.kinds import make_learner
from marl.core.records import Observation
from marl.maths.schedules import LinearDecay
from marl.networks.configs import CriticConfig, EncoderConfig, GraphConfig, MixerConfig, QHeadConfig
from marl.policies.actor_critic import ActorCritic
from marl.policies.configs import ActorCriticConfig, QNetworkConfig
from marl.policies.policy import Policy
from marl.policies.q_network import QNetwork
from marl.training.collector import Collector

__all__ = ["ALL", "CRITICS", "GAMMA", "PPO", "Q_NETWORKS", "WITH_VALUE", "each", "policy_of", "trained", "values"]

GAMMA = 0.9
RATE = (0.02, 0.0005)
A2C = A2CConfig(learning_rate=RATE, gamma=GAMMA, entropy_coef=0.0)
PPO = PPOConfig(learning_rate=RATE, gamma=GAMMA, entropy_coef=0.0, minibatches=1)
BASELINE = ReinforceConfig(learning_rate=RATE, gamma=GAMMA, entropy_coef=0.0)
PLAIN = ReinforceConfig(learning_rate=RATE, gamma=GAMMA, entropy_coef=0.0, baseline=False)
REPLAY: dict[str, Any] = {"learning_rate": RATE, "gamma": GAMMA, "updates_per_iteration": 4, "learning_starts": 128}
DQN = DQNConfig(**REPLAY, target=HardTarget(every=8), exploration=LinearDecay(share=0.5))
PLAIN_DQN = DQNConfig(**REPLAY, target=None, double=False, loss="squared", exploration=LinearDecay(share=0.5))
FAR_DQN = DQNConfig(**REPLAY, target=SoftTarget(rate=0.2), n_step=3, prioritised=PrioritisedConfig())
CRITICS = {"a2c": A2C, "ppo": PPO, "reinforce": BASELINE}
Q_NETWORKS = {"dqn": DQN, "plain_dqn": PLAIN_DQN, "far_dqn": FAR_DQN}


def each(configs: Mapping[str, LearnerConfig]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("config", configs.values(), ids=configs.keys())


WITH_VALUE = each({**CRITICS, **Q_NETWORKS})
ALL = each({**CRITICS, "plain": PLAIN, **Q_NETWORKS})


def policy_of(
    environment: Probe, learner: LearnerConfig, normalise_value: bool = True, mixer: Literal["none", "vdn"] = "none"
) -> Policy:
    encoder = EncoderConfig(hidden=(16,), temporal="none", activation="tanh")
    if isinstance(learner, DQNConfig):
        head = QHeadConfig(dueling=learner.target is None)
        return QNetwork(environment.roster, QNetworkConfig(encoder=encoder, head=head, mixer=MixerConfig(kind=mixer)))
    config = ActorCriticConfig(
        encoder=encoder,
        graph=GraphConfig(kind="none"),
        critic=CriticConfig(sharing="independent", hidden=(16,), activation="tanh"),
        normalise_value=normalise_value,
    )
    return ActorCritic(environment.roster, config)


def trained(environment: Any, config: LearnerConfig, updates: int, length: int = 8, **options: Any) -> Policy:
    """A policy after so many rollouts, in evaluation mode."""
    policy = policy_of(environment, config, **options)
    learner = make_learner(policy, config, seed=0)
    collector = Collector(environment, length, seed=0)
    updates = updates // 2 if isinstance(config, DQNConfig) else updates
    for update in range(updates):
        learner.update(collector.collect(policy).batch, update / updates)
    return policy.eval()


def value(policy: Policy, observation: Observation) -> Tensor:
    """``[B, N]``, of the critic or of the best action."""
    if isinstance(policy, QNetwork):
        return policy.q_values(observation)["solo"].detach().amax(-1)
    assert isinstance(policy, ActorCritic)
    return policy.value(observation)


def values(policy: Policy, environment: Any) -> Tensor:
    """``[length, N]``, of the first episode's states."""
    observation = environment.reset(0)
    found = []
    for _ in range(environment.length):
        found.append(value(policy, observation)[0])
        observation = environment.step({"solo": torch.zeros(COPIES, environment.agents, dtype=torch.long)}).observation
    return torch.stack(found)
