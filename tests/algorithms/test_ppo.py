from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from meeting import Meeting
from torch import Tensor
from torch.testing import assert_close

from marl.algorithms.configs import A2CConfig, PPOConfig
from marl.algorithms.policy_gradient import A2C
from marl.algorithms.ppo import PPO
from marl.core.errors import ConfigError
from marl.core.records import Rollout
from marl.networks.configs import CriticConfig, EncoderConfig, GraphConfig
from marl.policies.actor_critic import ActorCritic
from marl.policies.configs import ActorCriticConfig
from marl.tasks.gymnasium import GymnasiumEnvironment
from marl.training.collector import Collector


@pytest.fixture
def policy(make_meeting: Callable[..., Meeting], team_config: Callable[..., ActorCriticConfig]) -> ActorCritic:
    return ActorCritic(make_meeting({"A": 1, "B": 2}).roster, team_config())


@pytest.fixture
def rollout(make_meeting: Callable[..., Meeting], policy: ActorCritic) -> Rollout:
    collected = Collector(make_meeting({"A": 1, "B": 2}, num_copies=7), 6, seed=0).collect(policy).batch
    collected.reward.normal_()
    return collected


def steps_of(learner: PPO) -> int:
    return int(learner.state()["optimiser"]["step"])


@pytest.mark.parametrize(("epochs", "minibatches", "steps"), [(1, 1, 1), (3, 2, 6), (2, 7, 14), (2, 4, 8)])
def test_each_epoch_passes_each_part_once(
    epochs: int, minibatches: int, steps: int, policy: ActorCritic, rollout: Rollout
) -> None:
    learner = PPO(policy, PPOConfig(epochs=epochs, minibatches=minibatches), 0)
    learner.update(rollout, 0.0)
    assert steps_of(learner) == steps


def test_a_policy_without_memory_is_trained_on_single_steps_where_copies_are_few(
    make_meeting: Callable[..., Meeting], team_config: Callable[..., ActorCriticConfig]
) -> None:
    """Ten epochs of eight minibatches are 80 steps of the optimiser, though there is one copy."""
    environment = make_meeting({"A": 1, "B": 2}, num_copies=1)
    policy = ActorCritic(environment.roster, team_config(temporal="none"))
    rollout = Collector(environment, 12, seed=0).collect(policy).batch
    learner = PPO(policy, PPOConfig(epochs=10, minibatches=8), 0)
    learner.update(rollout, 0.0)
    assert steps_of(learner) == 80
    with pytest.raises(ConfigError, match=r"algorithm\.minibatches is 13, but there are 1 copies, and 12 steps"):
        PPO(policy, PPOConfig(minibatches=13), 0).update(rollout, 0.0)


def test_single_steps_and_copies_with_one_step_give_the_same(
    make_meeting: Callable[..., Meeting], team_config: Callable[..., ActorCriticConfig]
) -> None:
    environment = make_meeting({"A": 1, "B": 2}, num_copies=2)
    policy = ActorCritic(environment.roster, team_config(temporal="none"))
    rollout = Collector(environment, 6, seed=0).collect(policy).batch
    # a single minibatch of everything is the mean over everything, however it is cut
    whole, cut = (PPO(copy.deepcopy(policy), PPOConfig(epochs=1, minibatches=1), 0) for _ in range(2))
    passed = cut._pass
    cut._pass = lambda r, t, s: passed(  # type: ignore[method-assign]
        *(part.map(lambda x: x.flatten(0, 1)[None]) for part in (r, t)), s
    )
    for learner in (whole, cut):
        learner.update(rollout, 0.0)
    torch.testing.assert_close(dict(whole.policy.state_dict()), dict(cut.policy.state_dict()))


def test_a_policy_with_memory_needs_as_many_copies_as_minibatches(policy: ActorCritic, rollout: Rollout) -> None:
    with pytest.raises(ConfigError, match="is 8, but there are 7 copies, and the policy's memory needs its steps"):
        PPO(policy, PPOConfig(minibatches=8), 0).update(rollout, 0.0)


def test_an_epoch_passes_every_copy_in_an_order_that_the_seed_decides(policy: ActorCritic, rollout: Rollout) -> None:
    class Watched(PPO):
        def _step(self, rollout: Rollout, *rest: object) -> dict[str, Tensor]:
            self.seen.append(rollout.reward[0, :, 0])
            return super()._step(rollout, *rest)

    orders = []
    for seed in (0, 0, 1):
        learner = Watched(copy.deepcopy(policy), PPOConfig(epochs=2, minibatches=3), seed)
        learner.seen = []
        learner.update(rollout, 0.0)
        orders.append(torch.cat(learner.seen))
    assert orders[0].equal(orders[1])
    assert not orders[0].equal(orders[2])
    for epoch in orders[0].chunk(2):
        assert epoch.sort().values.equal(rollout.reward[0, :, 0].sort().values)


def test_it_stops_once_the_policy_moved_too_far(policy: ActorCritic, rollout: Rollout) -> None:
    far = PPO(copy.deepcopy(policy), PPOConfig(epochs=10, minibatches=2, learning_rate=0.02, target_kl=1e-4), 0)
    metrics = far.update(rollout, 0.0)
    assert steps_of(far) == 2  # after the first epoch
    assert metrics["policy/approx_kl"] > 1e-4
    near = PPO(copy.deepcopy(policy), PPOConfig(epochs=10, minibatches=2, learning_rate=1e-6, target_kl=1e-4), 0)
    near.update(rollout, 0.0)
    assert steps_of(near) == 20


def test_one_pass_over_everything_is_a_step_of_a2c(policy: ActorCritic, rollout: Rollout) -> None:
    """Before the first step the ratio is 1, whose gradient is that of the log-probability.

    Adam's first step is ``rate * g / (abs(g) + 1e-5)``: float32 leaves gradients 1e-8 to 1e-7 apart, so a parameter
    without a gradient worth the name may differ by 1e-7 / 1e-5 of the rate.
    """
    rate, before, twin = 0.01, copy.deepcopy(policy), copy.deepcopy(policy)
    metrics = PPO(twin, PPOConfig(epochs=1, minibatches=1, learning_rate=rate), 0).update(rollout, 0.0)
    A2C(policy, A2CConfig(learning_rate=rate), 0).update(rollout, 0.0)
    assert metrics["policy/approx_kl"] == pytest.approx(0, abs=1e-6)
    assert metrics["policy/clip_fraction"] == 0
    for (name, ours), theirs in zip(twin.named_parameters(), policy.parameters(), strict=True):
        assert_close(ours, theirs, rtol=0, atol=rate / 100, msg=lambda text, name=name: f"{name}: {text}")
    for name, actor in before.actors.items():
        old, new = (next(each.parameters()) for each in (actor, policy.actors[name]))
        assert (new - old).abs().max() > rate / 2  # a first step is as long as the rate


def test_kl_and_clip_fraction_by_hand(policy: ActorCritic, rollout: Rollout) -> None:
    """Every action was drawn with e^0.5 times its present probability: ratio e^-0.5, clipped at 0.8."""
    drawn = policy.evaluate(rollout).log_prob.detach() + 0.5
    moved = Rollout(**{**rollout.__dict__, "log_prob": drawn})
    metrics = PPO(policy, PPOConfig(epochs=1, minibatches=1), 0).update(moved, 0.0)
    assert metrics["policy/approx_kl"] == pytest.approx(2.718281828**-0.5 - 1 + 0.5, abs=1e-5)
    assert metrics["policy/clip_fraction"] == 1


def test_the_clip_range_follows_its_schedule(policy: ActorCritic, rollout: Rollout) -> None:
    drawn = policy.evaluate(rollout).log_prob.detach() + 0.5  # ratio 0.607
    moved = Rollout(**{**rollout.__dict__, "log_prob": drawn})
    learner = PPO(policy, PPOConfig(epochs=1, minibatches=1, clip_range=(0.5, 0.1), learning_rate=1e-9), 0)
    fractions = [learner.update(moved, share_done)["policy/clip_fraction"] for share_done in (0.0, 0.2, 0.4, 1.0)]
    assert fractions == [0, 0, 1, 1]  # ranges 0.5, 0.42, 0.34, 0.1


def solo_policy(environment: GymnasiumEnvironment) -> ActorCritic:
    """Small networks on normalised features."""
    config = ActorCriticConfig(
        encoder=EncoderConfig(hidden=(32, 32), activation="tanh", squash=False, temporal="none"),
        graph=GraphConfig(kind="none"),
        critic=CriticConfig(sharing="independent", hidden=(32, 32), activation="tanh"),
        normalise_features=True,
    )
    torch.manual_seed(0)
    return ActorCritic(environment.roster, config)


def test_a_rollout_is_learnt_from_with_the_scales_that_it_was_played_with() -> None:
    """Else the first ratio would not be 1, and its divergence not 0."""
    environment = GymnasiumEnvironment("CartPole-v1", 4)
    policy = solo_policy(environment)
    policy.actors["agent"].network[-1].weight.data *= 100  # far from uniform
    learner, collector = PPO(policy, PPOConfig(epochs=1, minibatches=1), 0), Collector(environment, 16, seed=0)
    for _ in range(3):
        metrics = learner.update(collector.collect(policy).batch, 0.0)
        assert metrics["policy/approx_kl"] == pytest.approx(0.0, abs=1e-6)
    environment.close()


def test_cartpole_is_learnt() -> None:
    """A random policy balances for 22 steps on average."""
    environment = GymnasiumEnvironment("CartPole-v1", 8)
    policy = solo_policy(environment)
    config = PPOConfig(learning_rate=0.003, gamma=0.99, entropy_coef=0.0, epochs=10, minibatches=1, target_kl=0.02)
    learner, collector = PPO(policy, config, 0), Collector(environment, 32, seed=0)
    lengths: list[float] = []
    for _ in range(32):
        collected = collector.collect(policy)
        rollout, episodes = collected.batch, collected.episodes
        learner.update(rollout, 0.0)
        lengths += episodes.metrics["episode/length"]
    environment.close()
    assert sum(lengths[-20:]) / 20 > 100
