"""Tasks so small that the right answer is known: each learner must find it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from marl.algorithms import make_learner
from marl.algorithms.a2c import A2CConfig
from marl.algorithms.policy_gradient import PolicyGradient, PolicyGradientConfig
from marl.algorithms.ppo import PPOConfig
from marl.algorithms.reinforce import ReinforceConfig
from marl.batch import Observation, Step
from marl.collectors import Collector
from marl.networks.critic import CriticConfig
from marl.networks.encoder import EncoderConfig
from marl.networks.graph_processor import GraphConfig
from marl.policies.actor_critic import ActorCritic, ActorCriticConfig
from marl.roster import ActionSpec, AgentClass, Roster

COPIES = 16
GAMMA = 0.9


class Probe:
    """Copies that share a clock; an episode lasts ``length`` steps, each agent sees the clock."""

    num_copies = COPIES
    device = torch.device("cpu")
    events: Mapping[str, str] = MappingProxyType({})
    per_step: frozenset[str] = frozenset()
    agents = 1
    length = 1
    action = ActionSpec("discrete", 2)

    def __init__(self) -> None:
        self.roster = Roster((AgentClass("solo", self.width, self.action),), (self.agents,))

    @property
    def width(self) -> int:
        """Of the features."""
        return self.length

    def reset(self, seed: int) -> Observation:
        """Begins."""
        self.generator = torch.Generator().manual_seed(seed)
        self.clock = 0
        return self.observe()

    def observe(self) -> Observation:
        """The one-hot of the clock, which after the last step stands still."""
        features = torch.zeros(COPIES, self.agents, self.length)
        features[..., min(self.clock, self.length - 1)] = 1
        return Observation({"solo": features}, self.alive())

    def alive(self) -> Tensor:
        """Everybody."""
        return torch.ones(COPIES, self.agents, dtype=torch.bool)

    def reward(self, action: Tensor) -> Tensor:
        """One at each step."""
        return torch.ones(COPIES, self.agents)

    def ends(self) -> tuple[Tensor, Tensor]:
        """Terminated, truncated: by the task after the last step."""
        over = torch.full((COPIES, self.agents), self.clock == self.length)
        return over, torch.zeros_like(over)

    def step(self, action: dict[str, Tensor]) -> Step:
        """Moves on."""
        reward = self.reward(action["solo"])
        self.clock += 1
        terminated, truncated = self.ends()
        successor = self.observe()
        if self.clock == self.length:
            self.clock = 0
        return Step(successor, self.observe(), reward, terminated, truncated, {})


class TwoSteps(Probe):
    """Nothing, then one."""

    length = 2

    def reward(self, action: Tensor) -> Tensor:
        return torch.full((COPIES, 1), float(self.clock == 1))


class Endless(Probe):
    """One for ever, cut after every three steps; the clock is not seen."""

    length = 3

    def observe(self) -> Observation:
        return replace(super().observe(), features={"solo": torch.ones(COPIES, 1, self.length)})

    def ends(self) -> tuple[Tensor, Tensor]:
        terminated, truncated = super().ends()
        return truncated, terminated


class Identity(Probe):
    """One for the action that is shown."""

    width = 4
    action = ActionSpec("discrete", 4)

    def observe(self) -> Observation:
        self.shown = torch.randint(4, (COPIES, 1), generator=self.generator)
        return Observation({"solo": torch.eye(4)[self.shown]}, self.alive())

    def reset(self, seed: int) -> Observation:
        self.right = 0.0
        return super().reset(seed)

    def step(self, action: dict[str, Tensor]) -> Step:
        right = (action["solo"] == self.shown).float()
        self.right = float(right.mean())
        return replace(super().step(action), reward=right)


class Follow(Probe):
    """One, less the squared distance of the action to the number that is shown."""

    width = 1
    action = ActionSpec("continuous", 1, -1.0, 1.0)

    def observe(self) -> Observation:
        self.shown = 2 * torch.rand(COPIES, 1, 1, generator=self.generator) - 1
        return Observation({"solo": self.shown}, self.alive())

    def step(self, action: dict[str, Tensor]) -> Step:
        reward = 1 - (action["solo"] - self.shown).square().sum(-1)
        return replace(super().step(action), reward=reward)


class Leaver(Probe):
    """One a step for two agents; the second leaves after two of four steps and then is given 1000."""

    agents = 2
    length = 4

    @property
    def width(self) -> int:
        return 2 * self.length

    def observe(self) -> Observation:
        clock = super().observe().features["solo"]
        features = torch.zeros(COPIES, 2, 8)
        features[:, 0, :4], features[:, 1, 4:] = clock[:, 0], clock[:, 1]
        return Observation({"solo": features}, self.alive())

    def alive(self) -> Tensor:
        return torch.tensor([True, self.clock < 2]).expand(COPIES, 2)

    def reward(self, action: Tensor) -> Tensor:
        return torch.where(self.alive(), 1.0, 1000.0)

    def ends(self) -> tuple[Tensor, Tensor]:
        over = torch.tensor([self.clock == 4, self.clock >= 2]).expand(COPIES, 2)
        return over, torch.zeros_like(over)


RATE = (0.02, 0.0005)
A2C = A2CConfig(learning_rate=RATE, gamma=GAMMA, entropy_coef=0.0)
PPO = PPOConfig(learning_rate=RATE, gamma=GAMMA, entropy_coef=0.0, minibatches=1)
BASELINE = ReinforceConfig(learning_rate=RATE, gamma=GAMMA, entropy_coef=0.0)
PLAIN = ReinforceConfig(learning_rate=RATE, gamma=GAMMA, entropy_coef=0.0, baseline=False)
WITH_VALUE = pytest.mark.parametrize("config", [A2C, PPO, BASELINE], ids=["a2c", "ppo", "reinforce"])
ALL = pytest.mark.parametrize("config", [A2C, PPO, BASELINE, PLAIN], ids=["a2c", "ppo", "reinforce", "plain"])


def policy_of(environment: Probe, normalise_value: bool = True) -> ActorCritic:
    config = ActorCriticConfig(
        encoder=EncoderConfig(hidden=(16,), temporal="none", activation="tanh"),
        graph=GraphConfig(kind="none"),
        critic=CriticConfig(sharing="independent", hidden=(16,), activation="tanh"),
        normalise_value=normalise_value,
    )
    return ActorCritic(environment.roster, config, 0, 0)


def trained(
    environment: Any, config: PolicyGradientConfig, updates: int, length: int = 8, **options: Any
) -> ActorCritic:
    """A policy after so many rollouts."""
    policy = policy_of(environment, **options)
    learner: PolicyGradient = make_learner(policy, config, seed=0)  # type: ignore[arg-type]
    collector = Collector(environment, length, seed=0)
    for update in range(updates):
        learner.update(collector.collect(policy)[0], update / updates)
    return policy


def values(policy: ActorCritic, environment: Any) -> Tensor:
    """``[length, N]``, of the first episode's states."""
    observation = environment.reset(0)
    found = []
    for _ in range(environment.length):
        found.append(policy.value(observation)[0])
        observation = environment.step({"solo": torch.zeros(COPIES, environment.agents, dtype=torch.long)}).observation
    return torch.stack(found)


@WITH_VALUE
@pytest.mark.parametrize("normalise_value", [True, False])
def test_one_step(config: PolicyGradientConfig, normalise_value: bool) -> None:
    environment = Probe()
    policy = trained(environment, config, 150, normalise_value=normalise_value)
    assert_close(values(policy, environment), torch.ones(1, 1), rtol=0, atol=0.02)


@WITH_VALUE
def test_two_steps_of_which_the_second_is_rewarded(config: PolicyGradientConfig) -> None:
    environment = TwoSteps()
    policy = trained(environment, config, 200)
    assert_close(values(policy, environment), torch.tensor([[GAMMA], [1.0]]), rtol=0, atol=0.02)


@WITH_VALUE
def test_a_constant_reward_that_is_cut_again_and_again(config: PolicyGradientConfig) -> None:
    """Worth 1 / (1 - gamma) = 10; without bootstrapping at a cut it would be below 2.8."""
    environment = Endless()
    policy = trained(environment, config, 300, length=9)
    assert_close(values(policy, environment), torch.full((3, 1), 1 / (1 - GAMMA)), rtol=0.03, atol=0)


@ALL
def test_identity(config: PolicyGradientConfig) -> None:
    """The best policy earns 1 a step, a random one 0.25."""
    environment = Identity()
    policy = trained(environment, config, 150)
    rollout, _ = Collector(environment, 64, seed=1).collect(policy)
    assert rollout.reward.mean() > 0.95


def test_identity_in_numbers() -> None:
    """The best policy earns 1 a step, a still one 2 / 3."""
    environment = Follow()
    policy = trained(environment, PPO, 200)
    rollout, _ = Collector(environment, 64, seed=1).collect(policy)
    assert rollout.reward.mean() > 0.95


@WITH_VALUE
def test_an_agent_that_leaves_early(config: PolicyGradientConfig) -> None:
    """The stayer has 1 + 0.9 + 0.81 + 0.729 ahead, the leaver 1 + 0.9; what it is given later is nobody's."""
    environment = Leaver()
    policy = trained(environment, config, 300)
    found = values(policy, environment)
    assert_close(found[:, 0], torch.tensor([3.439, 2.71, 1.9, 1.0]), rtol=0, atol=0.06)
    assert_close(found[:2, 1], torch.tensor([1.9, 1.0]), rtol=0, atol=0.06)


@ALL
def test_what_comes_after_an_agent_left_changes_no_parameter(config: PolicyGradientConfig) -> None:
    environment, weights = Leaver(), []
    for later in (1000.0, -5.0):
        torch.manual_seed(0)
        policy = policy_of(environment)
        rollout, _ = Collector(environment, 8, seed=0).collect(policy)
        gone = ~rollout.observation.alive
        assert gone.any()
        rollout = replace(rollout, reward=rollout.reward.masked_fill(gone, later))
        worthless = policy.value

        def value(observation: Observation, later: float = later, known: Any = worthless) -> Tensor:
            return known(observation).masked_fill(~observation.alive, later)

        policy.value = value  # type: ignore[method-assign]
        make_learner(policy, config, seed=0).update(rollout, 0.0)  # type: ignore[arg-type]
        weights.append(policy.state_dict())
    assert_close(weights[0], weights[1], rtol=0, atol=0)
