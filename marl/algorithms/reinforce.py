"""REINFORCE, with and without a learnt baseline."""

from __future__ import annotations

import torch
from torch import Tensor

from marl.algorithms.configs import ReinforceConfig
from marl.algorithms.policy_gradient import PolicyGradient, Targets, Values
from marl.core.records import Rollout
from marl.core.symmetry import Symmetries
from marl.maths.returns import generalised_advantage
from marl.policies.actor_critic import ActorCritic, Evaluation

__all__ = ["Reinforce"]


class Reinforce(PolicyGradient):
    """Monte-Carlo policy gradient.

    With a baseline, what follows a cut (a time limit, or the rollout's end) is bootstrapped.
    Without one only the steps of episodes that end within the rollout count, each with the
    discounted sum of the rewards that followed it: make rollouts at least as long as episodes.
    Reference: Williams, "Simple statistical gradient-following algorithms for connectionist
    reinforcement learning", Machine Learning 8 (1992), https://doi.org/10.1007/BF00992696.

    Args:
        policy: is trained in place.
        config: settings.
        seed: of the learner's randomness.
        symmetries: see `PolicyGradient`.
    """

    config: ReinforceConfig

    def __init__(
        self, policy: ActorCritic, config: ReinforceConfig, seed: int, symmetries: Symmetries | None = None
    ) -> None:
        super().__init__(policy, config, seed, symmetries)

    def _valid(self, rollout: Rollout) -> Tensor:
        if self.config.baseline:
            return super()._valid(rollout)
        ended = (rollout.terminated | rollout.truncated).flip(0).cummax(0).values.flip(0)
        return rollout.observation.to_move & ended

    def _value_loss(self, evaluation: Evaluation, targets: Targets) -> Tensor:
        if self.config.baseline:
            return super()._value_loss(evaluation, targets)
        return evaluation.value.new_zeros(())

    def _step(self, rollout: Rollout, targets: Targets, share_done: float) -> dict[str, Tensor]:
        if not bool(targets.valid.any()):  # else Adam's momentum would move the parameters for nothing
            return {}
        return super()._step(rollout, targets, share_done)

    def _advantage(self, rollout: Rollout, values: Values) -> tuple[Tensor, Tensor]:
        if self.config.baseline:
            return super()._advantage(rollout, values)
        nothing = torch.zeros_like(rollout.reward)
        ends, acting = (rollout.terminated, rollout.truncated), rollout.observation.to_move
        returns = generalised_advantage(rollout.reward, nothing, nothing, *ends, self.config.gamma, 1.0, acting)
        return returns, returns
