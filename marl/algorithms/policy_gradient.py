"""Advantages, losses, optimiser and update that REINFORCE, A2C and PPO share; A2C itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from marl.algorithms.configs import PolicyGradientConfig
from marl.algorithms.learner import NonFiniteError
from marl.algorithms.optimiser import Optimiser
from marl.core.environment import State
from marl.core.errors import ConfigError
from marl.core.record_fields import Record
from marl.core.records import Rollout
from marl.core.seeding import SHUFFLING, stream
from marl.core.symmetry import Symmetries
from marl.maths.losses import masked_mean, normalise, regression
from marl.maths.returns import explained_variance, generalised_advantage
from marl.maths.schedules import scheduled
from marl.policies.actor_critic import ActorCritic, Evaluation

__all__ = ["A2C", "PolicyGradient", "Targets", "Values"]


@dataclass(frozen=True)
class Values(Record):
    """Values of a rollout's situations, in units of the return.

    Args:
        value: ``[T, B, N]`` of the observation.
        next_value: ``[T, B, N]`` of the true successor.
    """

    value: Tensor
    next_value: Tensor


@dataclass(frozen=True)
class Targets(Record):
    """Training targets of a rollout's steps.

    Args:
        advantage: ``[T, B, N]``, normalised as configured.
        returns: ``[T, B, N]``, as the critic predicts them (normalised if values are).
        valid: ``[T, B, N]``, True for steps that count.
    """

    advantage: Tensor
    returns: Tensor
    valid: Tensor

    def copies(self, index: Tensor) -> Targets:
        """The same for some of the copies."""
        return self.map(lambda tensor: tensor[:, index])


class PolicyGradient:
    """A learner: turns a rollout into better parameters.

    Subclasses say how often and in what parts a rollout is passed, and what the policy's loss is.

    Args:
        policy: is trained in place.
        config: settings.
        seed: of the shuffling.
        symmetries: of the environment; None if it has none.

    Raises:
        ConfigError: if symmetries, or a prediction of hidden quantities, are asked for and there are none.
    """

    weighs_by_ratio = False
    """True if actions are weighed by the ratio of their probability now to that when they were drawn."""

    def __init__(
        self, policy: ActorCritic, config: PolicyGradientConfig, seed: int, symmetries: Symmetries | None = None
    ) -> None:
        if config.symmetries and not self.weighs_by_ratio:
            raise ConfigError(f"algorithm.symmetries is on; {type(self).__name__} cannot weigh turned actions: use ppo")
        if config.symmetries and symmetries is None:
            raise ConfigError("algorithm.symmetries is on, but this environment names none; switch it off")
        if config.auxiliary_coef and not policy.roster.auxiliary_size:
            raise ConfigError(
                f"algorithm.auxiliary_coef is {config.auxiliary_coef}, but this environment names no hidden quantities "
                "to predict; set it to 0"
            )
        self.policy, self.config = policy, config
        self.symmetries = symmetries if config.symmetries else None
        self.generator = stream(seed, SHUFFLING)
        self.optimiser = Optimiser(list(policy.parameters()), eps=1e-5)

    def update(self, rollout: Rollout, share_done: float) -> dict[str, float]:
        """Train on one rollout.

        Args:
            rollout: just collected.
            share_done: share of training done, for the schedules.

        Returns:
            Metrics by name.

        Raises:
            NonFiniteError: if a loss or gradient is; the parameters are left as they were before
                the step that failed.
            ConfigError: if team spirit is asked for and the rollout does not say who brought what.
        """
        if self.config.time_limit == "end":
            ended = rollout.terminated | rollout.truncated
            rollout = replace(rollout, terminated=ended, truncated=torch.zeros_like(ended))
        values = self._values(rollout)
        rollout = replace(rollout, reward=self._reward(rollout, share_done), last_images=None)
        targets, metrics = self._targets(rollout, values)
        rollout = self._turned(rollout)
        steps = self._pass(rollout, targets, share_done)
        self.policy.trunk.features.update(rollout.observation)  # last: until here all was seen as it was acted on
        metrics |= {name: torch.stack([step[name] for step in steps]).mean() for name in steps[0]}
        rate = scheduled(self.config.learning_rate, share_done)
        return {name: float(value) for name, value in metrics.items()} | {"optimiser/learning_rate": rate}

    def state(self) -> State:
        """Optimiser and shuffling, for a checkpoint."""
        return {"optimiser": self.optimiser.state(), "generator": self.generator.get_state()}

    def load_state(self, state: State) -> None:
        """Go on from a state that `state` gave."""
        self.optimiser.load_state(state["optimiser"])
        self.generator.set_state(state["generator"])

    def _pass(self, rollout: Rollout, targets: Targets, share_done: float) -> list[dict[str, Tensor]]:
        """Pass the rollout, and return the metrics of each step of the optimiser."""
        return [self._step(rollout, targets, share_done)]

    def _policy_loss(
        self, log_prob: Tensor, rollout: Rollout, targets: Targets, share_done: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss ``[T, B, N]`` of the policy for each entry, and metrics of it."""
        return -log_prob * targets.advantage, {}

    def _turned(self, rollout: Rollout) -> Rollout:
        r"""Each copy changed by a symmetry drawn for it; log-probabilities stay those of the actions as drawn.

        So PPO's ratio weighs a turned action by how likely it was drawn: :math:`\pi(ga | gs) / \pi_{old}(a | s)`.
        Reference: Laskin et al., https://arxiv.org/abs/2004.14990; here actions turn with what is seen.
        """
        if self.symmetries is None:
            return rollout
        chosen = torch.randint(self.symmetries.order, rollout.started.shape[1:], generator=self.generator)
        return self.symmetries.rollout(rollout, chosen.to(rollout.started.device))

    def _reward(self, rollout: Rollout, share_done: float) -> Tensor:
        """``[T, B, N]``: (1 - spirit) what the agent brought itself + spirit the team's reward.

        Source: Berner et al., "Dota 2 with Large Scale Deep Reinforcement Learning",
        https://arxiv.org/abs/1912.06680, appendix G, with the sum of the team in place of its mean.
        """
        spirit = scheduled(self.config.team_spirit, share_done)
        if spirit == 1:
            return rollout.reward
        if rollout.earned is None:
            raise ConfigError(
                f"algorithm.team_spirit is {self.config.team_spirit}, but this environment does not say what each "
                "agent brought of its team's reward; set it to 1"
            )
        return torch.lerp(rollout.earned, rollout.reward, spirit)

    def _values(self, rollout: Rollout) -> Values:
        """Values of each step before the critic learns from it.

        Raises:
            NonFiniteError: if it is not finite.
        """
        value = self.policy.value(rollout.observation)
        last = torch.zeros_like(rollout.started)
        last[-1] = True
        following = torch.cat([value[1:], self.policy.value(rollout.successors(last))[None]])
        # elsewhere the next row is not what follows: another episode's, or one without the agent that was cut
        elsewhere = rollout.started[1:, :, None] | rollout.truncated[:-1]
        rows = elsewhere.any(-1)
        if bool(rows.any()):
            true = self.policy.value(rollout.successors(torch.cat([rows, torch.zeros_like(rows[:1])])))
            following[:-1][rows] = true.where(elsewhere[rows], following[:-1][rows])
        for name, found in {"value": value, "value of the next observation": following}.items():
            if not bool(found.isfinite().all()):
                raise NonFiniteError(name)
        return Values(value, following)

    def _valid(self, rollout: Rollout) -> Tensor:
        """``[T, B, N]``, True for steps that count: acts whose outcome is known."""
        return rollout.observation.to_move & _known(rollout)

    def _advantage(self, rollout: Rollout, values: Values) -> tuple[Tensor, Tensor]:
        """Advantages and returns, each ``[T, B, N]``, in units of the return."""
        known = _known(rollout)
        last = torch.cat([known[:-1] & ~known[1:], torch.zeros_like(known[:1])])  # the rollout ends here for the agent
        advantage = generalised_advantage(
            rollout.reward,
            values.value,
            values.next_value,
            rollout.terminated,
            rollout.truncated | last,
            self.config.gamma,
            self.config.gae_lambda,
            rollout.observation.to_move,
        )
        return advantage, advantage + values.value

    @torch.no_grad()
    def _targets(self, rollout: Rollout, values: Values) -> tuple[Targets, dict[str, Tensor]]:
        valid = self._valid(rollout)
        advantage, returns = self._advantage(rollout, values)
        self.policy.take_returns(returns[valid])
        metrics = {"value/explained_variance": explained_variance(values.value, returns, valid)}
        if self.config.normalise_advantage == "all":
            advantage = normalise(advantage, valid)
        elif self.config.normalise_advantage == "class":
            sizes = [features.shape[-2] for features in rollout.observation.features.values()]
            parts = zip(advantage.split(sizes, -1), valid.split(sizes, -1), strict=True)
            advantage = torch.cat([normalise(x, there) for x, there in parts], -1)
        return Targets(advantage, self.policy.normaliser.normalise(returns), valid), metrics

    def _step(self, rollout: Rollout, targets: Targets, share_done: float) -> dict[str, Tensor]:
        """Take one step of the optimiser, and return its metrics."""
        evaluation = self.policy.evaluate(rollout)
        losses, metrics = self._policy_loss(evaluation.log_prob, rollout, targets, share_done)
        policy_loss = masked_mean(losses, targets.valid)
        entropy = masked_mean(evaluation.entropy, targets.valid)
        value_loss = self._value_loss(evaluation, targets)
        auxiliary = self._auxiliary_loss(evaluation, rollout, targets)
        loss = policy_loss - scheduled(self.config.entropy_coef, share_done) * entropy
        loss = loss + self.config.value_coef * value_loss + self.config.auxiliary_coef * auxiliary
        norm = self.optimiser.backward(loss, self.config.max_grad_norm)
        terms = {
            "loss/policy": policy_loss,
            "loss/value": value_loss,
            "loss/auxiliary": auxiliary,
            "policy/entropy": entropy,
            "optimiser/gradient_norm": norm,
        }
        if not bool(torch.isfinite(loss + norm)):
            raise NonFiniteError(next((name for name, term in terms.items() if not bool(term.isfinite())), "loss"))
        self.optimiser.step(scheduled(self.config.learning_rate, share_done))
        return metrics | {name: term.detach() for name, term in terms.items()}

    def _value_loss(self, evaluation: Evaluation, targets: Targets) -> Tensor:
        errors = regression(evaluation.value, targets.returns, self.config.value_loss, self.config.huber_delta)
        return masked_mean(errors, targets.valid)

    def _auxiliary_loss(self, evaluation: Evaluation, rollout: Rollout, targets: Targets) -> Tensor:
        target = rollout.observation.auxiliary_target
        if evaluation.prediction is None or target is None or self.config.auxiliary_coef == 0:
            return evaluation.log_prob.new_zeros(())
        return masked_mean(regression(evaluation.prediction, target, "squared").sum(-1), targets.valid)


def _known(rollout: Rollout) -> Tensor:
    """``[T, B, N]``, True up to the last step after which the agent's episode is over or it acts again.

    What comes of later acts is not in the rollout, and no critic tells, as it does not learn how it is to wait.
    """
    acting, ended = rollout.observation.to_move, rollout.terminated | rollout.truncated
    closes = ended | torch.cat([acting[1:], rollout.next_observation.to_move[-1:]])
    return closes.flip(0).cummax(0).values.flip(0)


class A2C(PolicyGradient):
    """One step of the optimiser on each rollout, with generalised advantages.

    Reference: Mnih et al., "Asynchronous Methods for Deep Reinforcement Learning",
    https://arxiv.org/abs/1602.01783, algorithm S3, with synchronous copies.
    """
