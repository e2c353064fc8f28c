"""Learners: each turns rollouts into better parameters."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from marl.algorithms.dqn import DQN, DQNConfig
from marl.algorithms.learner import Learner, LearnerConfig, NoLearning, NoLearningConfig
from marl.algorithms.policy_gradient import A2C, A2CConfig
from marl.algorithms.ppo import PPO, PPOConfig
from marl.algorithms.q_learning import QLearning, QLearningConfig, Sarsa, SarsaConfig
from marl.algorithms.reinforce import Reinforce, ReinforceConfig
from marl.core.symmetry import Symmetries
from marl.policies.policy import Policy

__all__ = ["ALGORITHMS", "LEARNERS", "AlgorithmConfig", "make_learner"]

AlgorithmConfig = Annotated[
    PPOConfig | A2CConfig | ReinforceConfig | DQNConfig | QLearningConfig | SarsaConfig | NoLearningConfig,
    Field(discriminator="name"),
]
"""Settings of any learner; ``name`` tells which."""

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

ALGORITHMS: dict[str, type[LearnerConfig]] = {kind.model_fields["name"].default: kind for kind in LEARNERS}
"""Kinds of settings by the name of the algorithm."""


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
