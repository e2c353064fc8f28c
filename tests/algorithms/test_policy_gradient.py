from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from meeting import Meeting
from torch import Tensor
from torch.testing import assert_close

from marl.algorithms.configs import A2CConfig, AlgorithmConfig, PPOConfig, ReinforceConfig
from marl.algorithms.kinds import make_learner
from marl.algorithms.learner import NonFiniteError
from marl.algorithms.policy_gradient import A2C, Targets
from marl.algorithms.ppo import PPO
from marl.algorithms.reinforce import Reinforce
from marl.core.errors import ConfigError
from marl.core.records import Rollout
from marl.policies.actor_critic import ActorCritic
from marl.policies.configs import ActorCriticConfig
from marl.training.collector import Collector

LEARNERS = [
    PPOConfig(epochs=2, minibatches=3, auxiliary_coef=0.1),
    A2CConfig(),
    ReinforceConfig(),
    ReinforceConfig(baseline=False),
]
IDS = ["ppo", "a2c", "reinforce", "plain"]


class Watched(A2C):
    """Learner that keeps the targets that it was trained towards."""

    targets: Targets

    def _policy_loss(self, log_prob: Tensor, rollout: Rollout, targets: Targets, *rest: Any) -> Tensor:
        self.targets = targets
        return super()._policy_loss(log_prob, rollout, targets, *rest)


@pytest.fixture
def policy(make_meeting: Callable[..., Meeting], team_config: Callable[..., ActorCriticConfig]) -> ActorCritic:
    return ActorCritic(make_meeting({"A": 2, "B": 2}).roster, team_config())


@pytest.fixture
def rollout(make_meeting: Callable[..., Meeting], policy: ActorCritic) -> Rollout:
    """Six copies, some of which lack an agent of class A; rewards are random."""
    teams = ({"A": 2, "B": 2}, {"A": 1, "B": 2})
    meeting = make_meeting({"A": 2, "B": 2}, num_copies=6, training_teams=teams)
    collected = Collector(meeting, 8, seed=0).collect(policy).batch
    assert 0 < int(collected.observation.alive[0, :, 1].sum()) < 6
    scale = torch.tensor([1.0, 1.0, 10.0, 10.0])
    return replace(collected, reward=torch.randn(8, 6, 4) * scale + scale)


def weights(policy: ActorCritic) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in policy.named_parameters()}


def assert_same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> None:
    assert all(x.equal(theirs[name]) for name, x in ours.items())


@pytest.mark.parametrize("config", LEARNERS, ids=IDS)
def test_the_configuration_says_which_learner(config: AlgorithmConfig, policy: ActorCritic) -> None:
    expected = {"ppo": PPO, "a2c": A2C, "reinforce": Reinforce}[config.name]
    assert type(make_learner(policy, config, 0)) is expected


@pytest.mark.parametrize("config", LEARNERS, ids=IDS)
def test_an_update_moves_the_parameters_and_tells_finite_numbers(
    config: AlgorithmConfig, policy: ActorCritic, rollout: Rollout
) -> None:
    before = weights(policy)
    metrics = make_learner(policy, config, 0).update(rollout, 0.0)
    moved = {name for name, p in policy.named_parameters() if not p.equal(before[name])}
    assert any(name.startswith("actors.A") for name in moved)
    learns_values = not (config.name == "reinforce" and not config.baseline)
    assert any(name.startswith("critic") for name in moved) == learns_values
    assert {"loss/policy", "loss/value", "policy/entropy", "value/explained_variance"} <= metrics.keys()
    assert ("policy/approx_kl" in metrics) == (config.name == "ppo")
    assert all(torch.tensor(list(metrics.values())).isfinite())


@pytest.mark.parametrize("config", LEARNERS, ids=IDS)
def test_two_learners_go_on_identically_from_a_state(
    config: AlgorithmConfig, policy: ActorCritic, rollout: Rollout
) -> None:
    learner = make_learner(policy, config, seed=0)
    learner.update(rollout, 0.0)
    state, twin = learner.state(), copy.deepcopy(policy)
    for share_done in (0.3, 0.6):
        learner.update(rollout, share_done)
    other = make_learner(twin, config, seed=99)
    other.load_state(state)
    for share_done in (0.3, 0.6):
        other.update(rollout, share_done)
    assert_same(policy.state_dict(), twin.state_dict())


def test_a_state_is_left_alone_by_who_loads_it(policy: ActorCritic, rollout: Rollout) -> None:
    learner = make_learner(policy, LEARNERS[0], seed=0)
    learner.update(rollout, 0.0)
    state = learner.state()
    first = {name: x.clone() for name, x in state["optimiser"].items()}
    other = make_learner(copy.deepcopy(policy), LEARNERS[0], seed=0)
    other.load_state(state)
    other.update(rollout, 0.0)
    assert_same(first, state["optimiser"])


def test_advantages_are_normalised_over_each_class(policy: ActorCritic, rollout: Rollout) -> None:
    learner = Watched(policy, A2CConfig(normalise_advantage="class"), 0)
    learner.update(rollout, 0.0)
    valid = learner.targets.valid
    assert valid.equal(rollout.observation.alive)
    for agents in (slice(0, 2), slice(2, 4)):
        advantage = learner.targets.advantage[..., agents][valid[..., agents]]
        assert_close(advantage.mean(), torch.tensor(0.0), atol=1e-5, rtol=0)
        assert_close(advantage.std(correction=0), torch.tensor(1.0), atol=1e-5, rtol=0)


def test_advantages_are_normalised_over_all(policy: ActorCritic, rollout: Rollout) -> None:
    """Class B, whose rewards are ten times as large, keeps the larger advantages."""
    learner = Watched(policy, A2CConfig(normalise_advantage="all"), 0)
    learner.update(rollout, 0.0)
    valid, advantage = learner.targets.valid, learner.targets.advantage
    assert_close(advantage[valid].mean(), torch.tensor(0.0), atol=1e-5, rtol=0)
    assert_close(advantage[valid].std(correction=0), torch.tensor(1.0), atol=1e-5, rtol=0)
    # ten times, were it not for the critic, whose values are of one size for both; once if each class had its own scale
    assert advantage[..., 2:].std() > 3 * advantage[..., :2].std()


def test_advantages_are_left_as_they_are(policy: ActorCritic, rollout: Rollout) -> None:
    """With lambda 0 an advantage is one temporal difference; here no step ends."""
    never = torch.zeros_like(rollout.truncated)
    rollout = replace(rollout, truncated=never, terminated=never)
    learner = Watched(policy, A2CConfig(normalise_advantage="none", gae_lambda=0.0, gamma=0.9), 0)
    value, next_value = policy.value(rollout.observation), policy.value(rollout.next_observation)
    learner.update(rollout, 0.0)
    expected = rollout.reward + 0.9 * next_value - value
    valid = learner.targets.valid
    assert_close(learner.targets.advantage[valid], expected[valid])
    returns = (expected + value)[valid]
    normalised = (returns - returns.mean()) / returns.std(correction=0)
    assert_close(learner.targets.returns[valid], normalised, atol=1e-4, rtol=1e-4)


def test_the_losses_are_those_of_the_formulas(policy: ActorCritic, rollout: Rollout) -> None:
    """Means over the entries that are alive, of the policy as it was before the update."""
    config = A2CConfig(normalise_advantage="none", value_loss="squared", auxiliary_coef=0.5)
    evaluation, learner = policy.evaluate(rollout), Watched(policy, config, 0)
    metrics = learner.update(rollout, 0.0)
    alive, targets = rollout.observation.alive, learner.targets
    error = (evaluation.value - targets.returns)[alive]
    assert metrics["loss/policy"] == pytest.approx(
        -(evaluation.log_prob * targets.advantage)[alive].mean().item(), rel=1e-4
    )
    assert metrics["loss/value"] == pytest.approx(0.5 * error.square().mean().item(), rel=1e-4)
    assert metrics["policy/entropy"] == pytest.approx(evaluation.entropy[alive].mean().item(), rel=1e-4)
    assert evaluation.prediction is not None
    assert rollout.observation.auxiliary_target is not None
    miss = (evaluation.prediction - rollout.observation.auxiliary_target)[alive]
    assert metrics["loss/auxiliary"] == pytest.approx(0.5 * miss.square().sum(-1).mean().item(), rel=1e-4)


@pytest.mark.parametrize(
    ("share_done", "rate"), [(-1.0, 0.01), (0.0, 0.01), (0.25, 0.0085), (1.0, 0.004), (2.0, 0.004)]
)
def test_the_learning_rate_follows_its_schedule(
    share_done: float, rate: float, policy: ActorCritic, rollout: Rollout
) -> None:
    """Adam's first step moves each parameter by the rate, whatever its gradient, unless that is tiny."""
    before = policy.predictor[-1].bias.clone()
    learner = make_learner(policy, A2CConfig(learning_rate=(0.01, 0.004), auxiliary_coef=1.0), 0)
    assert learner.update(rollout, share_done)["optimiser/learning_rate"] == pytest.approx(rate)
    moved = (policy.predictor[-1].bias - before).abs()
    assert moved.detach().numpy() == pytest.approx(rate, rel=1e-2)


def test_the_entropy_bonus_follows_its_schedule(policy: ActorCritic, rollout: Rollout) -> None:
    """At the end of training its weight is zero, as if there never was one."""
    results = []
    for schedule, share_done in ((0.0, 0.0), ((5.0, 0.0), 1.0), ((5.0, 0.0), 0.0)):
        twin = copy.deepcopy(policy)
        make_learner(twin, A2CConfig(entropy_coef=schedule, learning_rate=0.01), 0).update(rollout, share_done)
        results.append(twin.state_dict())
    assert_same(results[0], results[1])
    with pytest.raises(AssertionError):
        assert_same(results[0], results[2])


def test_gradients_are_scaled_down_to_the_largest_norm(policy: ActorCritic, rollout: Rollout) -> None:
    learner = make_learner(policy, A2CConfig(max_grad_norm=1e-3), 0)
    metrics = learner.update(rollout, 0.0)
    first_moment = learner.state()["optimiser"]["exp_avg"]  # a tenth of the first gradient
    assert first_moment.norm() == pytest.approx(1e-4, rel=1e-3)
    assert metrics["optimiser/gradient_norm"] > 1e-3


@pytest.mark.parametrize("config", LEARNERS, ids=IDS)
def test_a_number_that_is_not_finite_stops_the_update(
    config: AlgorithmConfig, policy: ActorCritic, rollout: Rollout
) -> None:
    before, reward = weights(policy), rollout.reward.clone()
    reward[0, 0, 0] = torch.nan
    with pytest.raises(NonFiniteError, match=r"^loss/policy is not finite$") as caught:
        make_learner(policy, config, 0).update(replace(rollout, reward=reward), 0.0)
    assert caught.value.quantity == "loss/policy"
    assert_same(before, weights(policy))


def test_the_quantity_that_is_not_finite_is_named(policy: ActorCritic, rollout: Rollout) -> None:
    before, target = weights(policy), rollout.observation.auxiliary_target
    assert target is not None
    observation = replace(rollout.observation, auxiliary_target=torch.full_like(target, torch.inf))
    with pytest.raises(NonFiniteError, match="loss/auxiliary"):
        make_learner(policy, A2CConfig(auxiliary_coef=1.0), 0).update(replace(rollout, observation=observation), 0.0)
    assert_same(before, weights(policy))


class Watching(A2C):
    """Learner that keeps the rollout that it was trained on."""

    rollout: Rollout

    def _targets(self, rollout: Rollout, values: Any) -> Any:
        self.rollout = rollout
        return super()._targets(rollout, values)


@pytest.mark.parametrize(("spirit", "share_done", "own"), [(0.0, 0.5, 1.0), (0.75, 0.5, 0.25), ((0.0, 1.0), 0.5, 0.5)])
def test_team_spirit_weighs_what_an_agent_brought_itself(
    spirit: Any, share_done: float, own: float, policy: ActorCritic, rollout: Rollout
) -> None:
    earned = torch.arange(4.0).expand(8, 6, 4)
    learner = Watching(policy, A2CConfig(team_spirit=spirit), 0)
    learner.update(replace(rollout, earned=earned), share_done)
    torch.testing.assert_close(learner.rollout.reward, own * earned + (1 - own) * rollout.reward)


def test_with_full_team_spirit_the_reward_is_the_teams(policy: ActorCritic, rollout: Rollout) -> None:
    learner = Watching(policy, A2CConfig(team_spirit=(0.0, 1.0)), 0)
    learner.update(rollout, share_done=1.0)
    assert learner.rollout.reward is rollout.reward


def test_team_spirit_needs_an_environment_that_says_who_brought_what(policy: ActorCritic, rollout: Rollout) -> None:
    learner = A2C(policy, A2CConfig(team_spirit=0.5), 0)
    with pytest.raises(ConfigError, match=r"team_spirit is 0\.5, but this environment does not say.*set it to 1"):
        learner.update(replace(rollout, earned=None), 0.0)


def test_the_next_value_is_that_of_the_true_successor(
    policy: ActorCritic, make_meeting: Callable[..., Meeting], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Episodes of 3 steps in a rollout of 8 end within it twice; a value per observation tells which was asked for."""
    rollout = Collector(make_meeting({"A": 2, "B": 2}, num_copies=2, max_cycles=3), 8, seed=0).collect(policy).batch
    seen: list[Targets] = []
    monkeypatch.setattr(policy, "value", lambda observation: observation.entities[..., :4, 0])

    class Keeping(A2C):
        def _advantage(self, rollout: Rollout, values: Any) -> tuple[Tensor, Tensor]:
            seen.append(values)
            return super()._advantage(rollout, values)

    Keeping(policy, A2CConfig(), 0).update(rollout, 0.0)
    assert rollout.started.any(1).nonzero().flatten().tolist() == [0, 3, 6]
    assert_close(seen[0].value, policy.value(rollout.observation), rtol=0, atol=0)
    assert_close(seen[0].next_value, policy.value(rollout.next_observation), rtol=0, atol=0)
    assert not seen[0].next_value[2].equal(seen[0].value[3])


def test_a_limit_that_ends_the_task_leaves_nothing_to_follow(
    policy: ActorCritic, make_meeting: Callable[..., Meeting]
) -> None:
    """Rewards of 1, halved with each step, in episodes that are cut after 3: 1 + 1/2 + 1/4, 1 + 1/2 and 1."""
    rollout = Collector(make_meeting({"A": 2, "B": 2}, num_copies=2, max_cycles=3), 6, seed=0).collect(policy).batch
    assert bool(rollout.truncated[2::3].all()) and not bool(rollout.terminated.any())
    seen: list[Tensor] = []

    class Keeping(A2C):
        def _advantage(self, *given: Any) -> tuple[Tensor, Tensor]:
            seen.append(super()._advantage(*given)[1])
            return super()._advantage(*given)

    config = A2CConfig(time_limit="end", gamma=0.5, gae_lambda=1.0)
    Keeping(policy, config, 0).update(replace(rollout, reward=torch.ones_like(rollout.reward)), 0.0)
    assert_close(seen[0], torch.tensor([1.75, 1.5, 1.0] * 2)[:, None, None].expand(6, 2, 4))
