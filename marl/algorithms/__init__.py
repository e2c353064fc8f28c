"""Learners: each turns rollouts into better parameters."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from marl.algorithms.a2c import A2C, A2CConfig
from marl.algorithms.policy_gradient import PolicyGradient
from marl.algorithms.ppo import PPO, PPOConfig
from marl.algorithms.reinforce import Reinforce, ReinforceConfig
from marl.policies.actor_critic import ActorCritic
from marl.symmetry import Symmetries

__all__ = ["A2C", "PPO", "AlgorithmConfig", "Reinforce", "make_learner"]

AlgorithmConfig = Annotated[PPOConfig | A2CConfig | ReinforceConfig, Field(discriminator="name")]
"""Settings of any learner; ``name`` tells which."""


def make_learner(
    policy: ActorCritic,
    config: PPOConfig | A2CConfig | ReinforceConfig,
    seed: int,
    symmetries: Symmetries | None = None,
) -> PolicyGradient:
    """The learner that a configuration describes.

    Args:
        policy: is trained in place.
        config: settings.
        seed: of the learner's randomness.
        symmetries: of the environment; None if it has none.
    """
    if isinstance(config, PPOConfig):
        return PPO(policy, config, seed, symmetries)
    if isinstance(config, A2CConfig):
        return A2C(policy, config, seed, symmetries)
    return Reinforce(policy, config, seed, symmetries)
