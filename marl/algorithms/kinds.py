"""Learners: each turns rollouts into better parameters."""

from __future__ import annotations

from typing import Any

from marl.algorithms.configs import (
    A2CConfig,
    DQNConfig,
    LearnerConfig,
    NoLearningConfig,
    PPOConfig,
    QLearningConfig,
    ReinforceConfig,
    SarsaConfig,
)
from marl.algorithms.dqn import DQN
from marl.algorithms.learner import Learner, NoLearning
from marl.algorithms.policy_gradient import A2C
from marl.algorithms.ppo import PPO
from marl.algorithms.q_learning import QLearning, Sarsa
from marl.algorithms.reinforce import Reinforce
from marl.core.symmetry import Symmetries
from marl.policies.policy import Policy

__all__ = ["LEARNERS", "make_learner"]


LEARNERS: dict[type[LearnerConfig], Any] = {
    PPOConfig: PPO,
    A2CConfig: A2C,
    ReinforceConfig: Reinforce,
    DQNConfig: DQN,
    QLearningConfig: QLearning,
    SarsaConfig: Sarsa,
    NoLearningConfig: NoLearning,
}
"""The learner that each kind of settings is of."""


def make_learner(policy: Policy, config: LearnerConfig, seed: int, symmetries: Symmetries | None = None) -> Learner:
    """The learner that a configuration describes.

    Args:
        policy: is trained in place.
        config: settings.
        seed: of the learner's randomness.
        symmetries: of the environment; None if it has none.

    Raises:
        ConfigError: if the learner cannot train this policy.
    """
    learner: Learner = LEARNERS[type(config)](policy, config, seed, symmetries)
    return learner
