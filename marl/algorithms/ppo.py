"""Proximal policy optimisation."""

from __future__ import annotations

import torch
from torch import Tensor

from marl.algorithms.configs import PPOConfig
from marl.algorithms.policy_gradient import PolicyGradient, Targets
from marl.core.errors import ConfigError
from marl.core.records import Rollout
from marl.core.symmetry import Symmetries
from marl.maths.losses import clipped_surrogate, masked_mean
from marl.maths.schedules import scheduled
from marl.policies.actor_critic import ActorCritic

__all__ = ["PPO"]


class PPO(PolicyGradient):
    """PPO with clipped surrogate.

    Minibatches are sets of copies with all their steps, so that the temporal transformer passes
    whole stretches of time. Where there are fewer copies than minibatches and the policy has no memory, they are sets
    of single steps.
    Reference: Schulman et al., https://arxiv.org/abs/1707.06347; approximate KL as in
    http://joschu.net/blog/kl-approx.html (estimator k3).

    Args:
        policy: is trained in place.
        config: settings.
        seed: of the shuffling.
        symmetries: see `PolicyGradient`.
    """

    config: PPOConfig
    weighs_by_ratio = True

    def __init__(self, policy: ActorCritic, config: PPOConfig, seed: int, symmetries: Symmetries | None = None) -> None:
        super().__init__(policy, config, seed, symmetries)

    def _pass(self, rollout: Rollout, targets: Targets, share_done: float) -> list[dict[str, Tensor]]:
        """Pass the rollout in epochs of minibatches, until the policy has moved too far."""
        rollout, targets = self._divisible(rollout, targets)
        steps = []
        for _ in range(self.config.epochs):
            order = torch.randperm(rollout.started.shape[1], generator=self.generator)
            epoch = []
            for index in order.tensor_split(self.config.minibatches):
                epoch.append(self._step(*_copies(rollout, targets, index), share_done))
            steps += epoch
            kl = torch.stack([step["policy/approx_kl"] for step in epoch]).mean()
            if self.config.target_kl is not None and float(kl) > self.config.target_kl:
                break
        return steps

    def _divisible(self, rollout: Rollout, targets: Targets) -> tuple[Rollout, Targets]:
        """The same with at least as many copies as minibatches; steps become copies where there are too few."""
        (length, copies), parts = rollout.started.shape, self.config.minibatches
        if copies >= parts:
            return rollout, targets
        if rollout.memory is not None or length * copies < parts:
            why = "the policy's memory needs its steps together" if rollout.memory is not None else f"{length} steps"
            raise ConfigError(
                f"algorithm.minibatches is {parts}, but there are {copies} copies, and {why}: give more num_copies, or "
                "fewer minibatches"
            )
        flat = lambda tensor: tensor.flatten(0, 1)[None]  # noqa: E731
        return rollout.map(flat), targets.map(flat)

    def _policy_loss(
        self, log_prob: Tensor, rollout: Rollout, targets: Targets, share_done: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Clipped surrogate ``[T, B, N]``, and how far the policy has moved."""
        clip_range = scheduled(self.config.clip_range, share_done)
        difference = log_prob - rollout.log_prob
        ratio = difference.exp()
        with torch.no_grad():
            metrics = {
                "policy/approx_kl": masked_mean(ratio - 1 - difference, targets.valid),
                "policy/clip_fraction": masked_mean(((ratio - 1).abs() > clip_range).float(), targets.valid),
            }
        return clipped_surrogate(ratio, targets.advantage, clip_range), metrics


def _copies(rollout: Rollout, targets: Targets, index: Tensor) -> tuple[Rollout, Targets]:
    """The parts of a rollout and of its targets that belong to some copies; all of them as they are."""
    if len(index) == rollout.started.shape[1]:  # their order does not matter
        return rollout, targets
    there = index.to(rollout.started.device)
    return rollout.copies(there), targets.copies(there)
