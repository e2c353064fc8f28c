"""Settings of the learners, and their kinds. Nothing here imports PyTorch, so that help is quick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from marl.algorithms.alpha_zero_config import AlphaZeroConfig
from marl.algorithms.learner_config import LearnerConfig
from marl.core.config import Config
from marl.core.limits import MOST_COPIES, MOST_ROUNDS
from marl.maths.schedules import (
    Fraction,
    LinearDecay,
    LogarithmicDecay,
    PositiveSchedule,
    Rate,
    Schedule,
)

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "ALGORITHMS",
    "A2CConfig",
    "AlgorithmConfig",
    "AlphaZeroConfig",
    "DQNConfig",
    "HardTarget",
    "LearnerConfig",
    "NoLearningConfig",
    "PPOConfig",
    "PolicyGradientConfig",
    "PrioritisedConfig",
    "QLearningConfig",
    "ReinforceConfig",
    "SarsaConfig",
    "SoftTarget",
    "TableLearnerConfig",
]


class NoLearningConfig(LearnerConfig):
    """There is nothing to set."""

    policy_kinds: ClassVar[tuple[str, ...]] = ("random",)
    purpose: ClassVar[str] = "nothing is learnt, for comparison"
    name: Literal["none"] = "none"
    """The algorithm."""


class PolicyGradientConfig(LearnerConfig):
    """Settings that all policy-gradient learners have."""

    policy_kinds: ClassVar[tuple[str, ...]] = ("actor_critic",)
    learning_rate: PositiveSchedule = 1e-3
    """Learning rate of Adam."""
    gamma: float = Field(0.95, ge=0, le=1)
    """Discount."""
    gae_lambda: float = Field(0.95, ge=0, le=1)
    """Lambda of generalised advantage estimation; 1 gives Monte-Carlo returns."""
    time_limit: Literal["bootstrap", "end"] = "bootstrap"
    """A limit hides what would follow, which the critic guesses; or it ends the task, and nothing follows."""
    entropy_coef: Schedule = 0.01
    """Weight of the entropy bonus."""
    value_coef: float = Field(0.5, ge=0)
    """Weight of the value loss."""
    value_loss: Literal["squared", "huber"] = "huber"
    """Half the squared error, or Huber's."""
    huber_delta: float = Field(10.0, gt=0)
    """Error at which Huber's loss turns linear."""
    auxiliary_coef: float = Field(0.0, ge=0)
    """Weight of the prediction of the environment's hidden quantities from each agent's embedding."""
    max_grad_norm: float | None = Field(0.5, gt=0)
    """Gradients are scaled down to this norm; None leaves them."""
    team_spirit: Fraction = 1.0
    """Weight of the reward that the team shares; the rest of 1 goes to what each agent brought of it itself."""
    symmetries: bool = False
    """Turn and mirror each copy of a rollout at random, as the environment's symmetries allow; PPO only."""
    normalise_advantage: Literal["class", "all", "none"] = "all"
    """Scale advantages to mean 0 and deviation 1 over each class, over all agents, or not."""


class A2CConfig(PolicyGradientConfig):
    """Settings of A2C."""

    purpose: ClassVar[str] = (
        "actor and critic, one step of the optimiser for each rollout; discrete and continuous actions"
    )
    name: Literal["a2c"] = "a2c"
    """The algorithm."""


class PPOConfig(PolicyGradientConfig):
    """Settings of PPO."""

    purpose: ClassVar[str] = (
        "actor and critic, several clipped passes over each rollout; discrete and continuous actions"
    )
    name: Literal["ppo"] = "ppo"
    """The algorithm."""
    epochs: int = Field(4, ge=1, le=MOST_ROUNDS)
    """Passes over each rollout."""
    minibatches: int = Field(4, ge=1, le=MOST_COPIES)
    """Parts of a rollout, by copies; one step of the optimiser each."""
    clip_range: PositiveSchedule = 0.2
    """Distance from 1 at which the gradient of the ratio of probabilities stops."""
    target_kl: float | None = Field(None, gt=0)
    """Stop passing a rollout once the policy moved further than this (approximate KL, nats)."""


class ReinforceConfig(PolicyGradientConfig):
    """Settings of REINFORCE."""

    purpose: ClassVar[str] = "whole returns of episodes, the critic as a baseline; discrete and continuous actions"
    name: Literal["reinforce"] = "reinforce"
    """The algorithm."""
    baseline: bool = True
    """Subtract a learnt value, and bootstrap from it where an episode was cut."""
    gae_lambda: float = Field(1.0, ge=1, le=1)
    """Always 1: returns are Monte-Carlo returns."""


class HardTarget(Config):
    """A target network that becomes the network again and again."""

    kind: Literal["hard"] = "hard"
    """Kind of the target network."""
    every: int = Field(250, ge=1)
    """Steps of the optimiser between copies."""

    def follow(self, target: nn.Module, network: nn.Module, updates: int) -> None:
        """Copy the network's parameters when it is time.

        Args:
            target: is changed.
            network: is followed.
            updates: steps of the optimiser so far.
        """
        if updates % self.every == 0:
            from marl.algorithms.target_network import copy_parameters

            copy_parameters(target, network)


class SoftTarget(Config):
    """A target network that moves a little towards the network after each step of the optimiser.

    Reference: Lillicrap et al., "Continuous control with deep reinforcement learning",
    https://arxiv.org/abs/1509.02971, algorithm 1.
    """

    kind: Literal["soft"] = "soft"
    """Kind of the target network."""
    rate: float = Field(0.005, gt=0, le=1)
    """Share of the way that it goes each time."""

    def follow(self, target: nn.Module, network: nn.Module, updates: int) -> None:
        """Move the parameters towards the network's; see `HardTarget.follow`."""
        from marl.algorithms.target_network import move_towards

        move_towards(target, network, self.rate)


class PrioritisedConfig(Config):
    """Settings of prioritised replay."""

    alpha: float = Field(0.6, ge=0, le=1)
    """Exponent of the errors; 0 draws uniformly."""
    beta: Fraction = (0.4, 1.0)
    """Exponent of the importance weights, which undo the choice; 1 wholly."""


class DQNConfig(LearnerConfig):
    """Settings of DQN."""

    policy_kinds: ClassVar[tuple[str, ...]] = ("q_network",)
    purpose: ClassVar[str] = (
        "values of actions from a replay: double, dueling, n-step, prioritised, VDN and QMIX; discrete actions"
    )
    name: Literal["dqn"] = "dqn"
    """The algorithm."""
    learning_rate: PositiveSchedule = 1e-3
    """Learning rate of Adam."""
    gamma: float = Field(0.99, ge=0, le=1)
    """Discount."""
    batch_size: int = Field(64, ge=1)
    """Transitions of each step of the optimiser."""
    replay_capacity: int = Field(100_000, ge=1)
    """Transitions that are kept, each of one copy."""
    learning_starts: int = Field(1_000, ge=1)
    """Env steps before the first step of the optimiser; at least a batch."""
    updates_per_iteration: int = Field(1, ge=1, le=MOST_ROUNDS)
    """Steps of the optimiser after each rollout."""
    target: HardTarget | SoftTarget | None = Field(default_factory=HardTarget, discriminator="kind")
    """Copy that values successors, {kind: hard, every: N} or {kind: soft, rate: X}; null for the network itself."""
    double: bool = True
    """The network chooses the successor's action, the target network values it."""
    n_step: int = Field(1, ge=1, le=MOST_ROUNDS)
    """Rewards that are summed up before the successor is valued."""
    prioritised: PrioritisedConfig | None = None
    """Draw transitions by their errors, {} with the usual exponents; null draws uniformly."""
    exploration: Rate = Field(default_factory=LinearDecay)
    """Share of actions that are drawn at random: a number, or kind linear, exponential or logarithmic."""
    loss: Literal["squared", "huber"] = "huber"
    """Half the squared error, or Huber's."""
    huber_delta: float = Field(1.0, gt=0)
    """Error at which Huber's loss turns linear."""
    max_grad_norm: float | None = Field(10.0, gt=0)
    """Gradients are scaled down to this norm; None leaves them."""
    terminal_reward: float | None = Field(None, allow_inf_nan=False)
    """Reward put in place of the environment's where an episode terminates; scores stay the environment's."""

    @model_validator(mode="after")
    def _fits(self) -> DQNConfig:
        for name in ("replay_capacity", "learning_starts"):
            if getattr(self, name) < self.batch_size:
                raise ValueError(
                    f"{name} is {getattr(self, name)}, smaller than batch_size {self.batch_size}: no batch could be "
                    f"drawn; raise {name} or lower batch_size"
                )
        if self.double and self.target is None:
            raise ValueError(
                "double is on, but target is none: one network would choose and value; switch double off, or give a "
                "target"
            )
        return self


class TableLearnerConfig(LearnerConfig):
    """Settings that Q-learning and SARSA share."""

    policy_kinds: ClassVar[tuple[str, ...]] = ("table",)
    gamma: float = Field(1.0, ge=0, le=1)
    """Discount."""
    learning_rate: Rate = Field(default_factory=LogarithmicDecay)
    """Share of the way that a value goes towards its target: a number, or kind linear, exponential or logarithmic."""
    exploration: Rate = Field(default_factory=LogarithmicDecay)
    """Share of actions that are drawn at random, in the same way."""


class QLearningConfig(TableLearnerConfig):
    """Settings of Q-learning."""

    purpose: ClassVar[str] = "a table of action values; a successor is worth its best action"
    name: Literal["q_learning"] = "q_learning"
    """The algorithm."""


class SarsaConfig(TableLearnerConfig):
    """Settings of SARSA."""

    purpose: ClassVar[str] = "a table of action values; a successor is worth the action that was taken there"
    name: Literal["sarsa"] = "sarsa"
    """The algorithm."""


AlgorithmConfig = Annotated[
    PPOConfig
    | A2CConfig
    | ReinforceConfig
    | DQNConfig
    | QLearningConfig
    | SarsaConfig
    | AlphaZeroConfig
    | NoLearningConfig,
    Field(discriminator="name"),
]
"""Settings of any learner; ``name`` tells which."""

ALGORITHMS: dict[str, type[LearnerConfig]] = {
    kind.model_fields["name"].default: kind
    for kind in (
        *(PPOConfig, A2CConfig, ReinforceConfig, DQNConfig, QLearningConfig, SarsaConfig, AlphaZeroConfig),
        NoLearningConfig,
    )
}
"""Kinds of settings by the name of the algorithm."""
