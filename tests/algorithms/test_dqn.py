from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from meeting import Meeting
from pydantic import ValidationError
from torch import Tensor, nn
from torch.testing import assert_close

from marl.algorithms.configs import DQNConfig, HardTarget, PrioritisedConfig, SoftTarget
from marl.algorithms.dqn import DQN
from marl.algorithms.learner import NonFiniteError
from marl.core.errors import ConfigError
from marl.core.records import Observation, Rollout
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.maths.schedules import ExponentialDecay
from marl.networks.configs import EncoderConfig, GraphConfig, MixerConfig, QHeadConfig
from marl.policies.configs import QNetworkConfig
from marl.policies.q_network import QNetwork
from marl.training.collector import Collector

ONLINE = [[1.0, 2.0], [3.0, 5.0]]
"""Values of both actions in both situations."""
TARGET = [[0.0, 0.0], [10.0, 4.0]]
ONE: dict[str, Any] = {"batch_size": 1, "learning_starts": 1, "gamma": 0.5, "loss": "squared"}
SINGLE: dict[str, Any] = {**ONE, "double": False}


def table(q_values: list[list[float]], agents: int = 1, mixer: str = "none", **options: Any) -> QNetwork:
    """A linear network with these values; situations are shown as one-hots."""
    roster = Roster((AgentClass("solo", 2, ActionSpec("discrete", 2)),), (agents,))
    config = QNetworkConfig(
        encoder=EncoderConfig(hidden=(2,), squash=False, temporal="none"),
        mixer=MixerConfig.model_validate({"kind": mixer}),
        **options,
    )
    policy = QNetwork(roster, config)
    layer = policy.heads["solo"].advantage[0]
    inputs = policy.trunk.encoder.inputs["solo"][0]
    with torch.no_grad():
        inputs.weight.copy_(torch.eye(2))
        layer.weight.copy_(torch.tensor(q_values).T)
    return policy


def one_step(actions: list[int], reward: float = 1.0, **flags: Any) -> Rollout:
    """From the first situation to the second, once, for so many agents."""
    agents = len(actions)
    alive = torch.tensor(flags.pop("alive", [True] * agents)).view(1, 1, agents)
    mask = flags.pop("mask", None)

    def seen(situation: int) -> Observation:
        features = torch.eye(2)[situation].expand(1, 1, agents, 2)
        masks = None if mask is None else {"solo": torch.tensor(mask).expand(1, 1, agents, 2)}
        return Observation({"solo": features}, alive, action_mask=masks)

    ends = {name: torch.full((1, 1, agents), bool(flags.get(name))) for name in ("terminated", "truncated")}
    zeros = torch.zeros(1, 1, agents)
    action = {"solo": torch.tensor(actions).view(1, 1, agents)}
    return Rollout(seen(0), seen(1), action, zeros, zeros + reward, **ends, started=zeros[..., 0].bool(), memory=None)


def learner_of(policy: QNetwork, values: list[list[float]] | None = None, /, **options: Any) -> DQN:
    learner = DQN(policy, DQNConfig(**options), seed=0)
    if values is not None:
        wished = table(values, policy.roster.size, policy.config.mixer.kind)
        learner.target.load_state_dict(wished.state_dict(), strict=False)
    return learner


@pytest.mark.parametrize(
    ("config", "flags", "loss"),
    [
        (SINGLE, {}, 0.5 * (1 + 0.5 * 10 - 1) ** 2),
        (ONE, {}, 0.5 * (1 + 0.5 * 4 - 1) ** 2),
        ({**SINGLE, "target": None}, {}, 0.5 * (1 + 0.5 * 5 - 1) ** 2),
        (SINGLE, {"truncated": True}, 0.5 * (1 + 0.5 * 10 - 1) ** 2),
        (SINGLE, {"terminated": True}, 0.5 * (1 - 1) ** 2),
        ({**SINGLE, "terminal_reward": -1.0}, {"terminated": True}, 0.5 * (-1 - 1) ** 2),
        ({**SINGLE, "terminal_reward": -1.0}, {"truncated": True}, 0.5 * (1 + 0.5 * 10 - 1) ** 2),
        ({**SINGLE, "loss": "huber"}, {}, 5 - 0.5),
        ({**SINGLE, "loss": "huber", "huber_delta": 2.0}, {}, 2 * (5 - 1)),
        (SINGLE, {"mask": [False, True]}, 0.5 * (1 + 0.5 * 4 - 1) ** 2),
        (ONE, {"mask": [True, False]}, 0.5 * (1 + 0.5 * 10 - 1) ** 2),
    ],
    ids=["single", "double", "none", "cut", "end", "fall", "no fall", "huber", "wide huber", "mask", "double mask"],
)
def test_errors_in_numbers(config: dict[str, Any], flags: dict[str, Any], loss: float) -> None:
    learner = learner_of(table(ONLINE), None if config.get("target", "") is None else TARGET, **config)
    metrics = learner.update(one_step([0], **flags), 0.0)
    assert metrics["loss/value"] == pytest.approx(loss)
    assert metrics["value/q_value"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("mixer", "alive", "loss"),
    [
        ("none", [True, True], (0.5 * 5**2 + 0.5 * 4**2) / 2),
        ("none", [True, False], 0.5 * 5**2),
        ("vdn", [True, True], 0.5 * (1 + 0.5 * (10 + 10) - (1 + 2)) ** 2),
        ("vdn", [True, False], 0.5 * (1 + 0.5 * 10 - 1) ** 2),
    ],
)
def test_errors_of_a_team_in_numbers(mixer: str, alive: list[bool], loss: float) -> None:
    learner = learner_of(table(ONLINE, agents=2, mixer=mixer), TARGET, **SINGLE)
    metrics = learner.update(one_step([0, 1], alive=alive), 0.0)
    assert metrics["loss/value"] == pytest.approx(loss)


def test_three_step_targets_end_with_the_episode() -> None:
    """Rewards 1 in four steps of the first situation; the target network values the second at 10.

    Begun first: 1 + 1/2 + 1/4 + 10/8; second the same; third, 1 + 1/2 + 10/4; last, 1 + 10/2. Each has value 1.
    """
    learner = learner_of(table(ONLINE), TARGET, **{**SINGLE, "n_step": 3, "batch_size": 4, "learning_starts": 4})
    learner.drawing.draw = lambda *_: (torch.arange(4), torch.ones(4))  # type: ignore[method-assign]
    metrics = learner.update(one_step([0]).map(lambda x: x.expand(4, *x.shape[1:])), 0.0)
    targets = [1.75 + 1.25, 1.75 + 1.25, 1.5 + 2.5, 1 + 5]
    assert metrics["loss/value"] == pytest.approx(sum(0.5 * (target - 1) ** 2 for target in targets) / 4)


def weights(network: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in network.parameters()])


def test_a_hard_target_is_copied_again_and_again() -> None:
    learner = learner_of(table(ONLINE), TARGET, **ONE, target=HardTarget(every=3))
    old = weights(learner.target)
    for copied in (False, False, True, False):
        learner.update(one_step([0]), 0.0)
        assert torch.equal(weights(learner.target), weights(learner.policy)) == copied
        assert torch.equal(weights(learner.target), old) == (learner.clock.updates < 3)


def test_a_soft_target_goes_a_part_of_the_way() -> None:
    learner = learner_of(table(ONLINE), TARGET, **ONE, target=SoftTarget(rate=0.25))
    before = weights(learner.target)
    learner.update(one_step([0]), 0.0)
    assert_close(weights(learner.target), 0.75 * before + 0.25 * weights(learner.policy))


def test_both_networks_see_by_the_moments_of_what_was_collected() -> None:
    """One-hots of one situation: mean 1 and 0, no deviation, so that what is seen again is zero."""
    learner = learner_of(table(ONLINE, normalise_features=True), **ONE)
    rollout = one_step([0])
    assert learner.policy.q_values(rollout.observation)["solo"].abs().sum() > 0
    learner.update(rollout, 0.0)
    assert learner.target is not learner.policy
    for network in (learner.policy, learner.target):
        assert_close(network.trunk.features.get_buffer("mean_solo").float(), torch.tensor([1.0, 0.0]))
        seen = network.trunk.features(rollout.observation).features["solo"]
        assert_close(seen, torch.zeros_like(seen))


def test_it_learns_from_what_is_scaled() -> None:
    mean, variance = torch.tensor([0.5, 0.25]), torch.tensor([4.0, 0.25])
    scaled, plain = (learner_of(table(ONLINE, normalise_features=on), TARGET, **ONE) for on in (True, False))
    scaled.policy.trunk.features.get_buffer("mean_solo").copy_(mean)
    scaled.policy.trunk.features.get_buffer("variance_solo").copy_(variance)
    rollout = one_step([0])

    def by_hand(observation: Observation) -> Observation:
        return replace(observation, features={"solo": (observation.features["solo"] - mean) / variance.sqrt()})

    same = replace(
        rollout, observation=by_hand(rollout.observation), next_observation=by_hand(rollout.next_observation)
    )
    losses = scaled.update(rollout, 0.0)["loss/value"], plain.update(same, 0.0)["loss/value"]
    assert losses[0] == pytest.approx(losses[1])
    assert losses[0] > 0.1
    assert_close(weights(scaled.policy), weights(plain.policy))


def test_nothing_is_learnt_before_the_start_and_exploration_falls_with_updates() -> None:
    falls = ExponentialDecay(start=0.8, end=0.1, factor=0.5)
    options = {**ONE, "learning_starts": 3, "updates_per_iteration": 2, "exploration": falls}
    learner = learner_of(table(ONLINE), TARGET, **options)
    before = weights(learner.policy)
    assert learner.policy.exploration == pytest.approx(0.8)
    for exploration, changed in ((0.8, False), (0.8, False), (0.2, True), (0.1, True)):
        metrics = learner.update(one_step([0], reward=2.0, terminated=True), 0.0)
        assert (metrics["exploration"], learner.policy.exploration) == pytest.approx((exploration, exploration))
        assert torch.equal(weights(learner.policy), before) != changed
        assert ("loss/value" in metrics) == changed
    clock = learner.clock
    assert (clock.env_steps, clock.updates, clock.episodes) == (4, 4, 4)
    assert metrics["replay/size"] == 4


def test_gradients_are_scaled_down() -> None:
    """From the same place a hundredfold reward moves plain Adam's second moment a lot, but not beyond the limit."""
    for limit in (None, 0.5):
        learner = learner_of(table(ONLINE), TARGET, **ONE, max_grad_norm=limit)
        norm = learner.update(one_step([0], reward=100.0), 0.0)["optimiser/gradient_norm"]
        assert norm > 50
        found = float(learner.state()["optimiser"]["exp_avg"].norm() / 0.1)
        assert found == pytest.approx(norm if limit is None else limit, rel=1e-4)


@pytest.mark.parametrize("reward", [float("nan"), float("inf")])
def test_what_is_not_finite_changes_nothing(reward: float) -> None:
    learner = learner_of(table(ONLINE), TARGET, **ONE)
    before = weights(learner.policy)
    with pytest.raises(NonFiniteError, match="loss/value"):
        learner.update(one_step([0], reward=reward), 0.0)
    assert torch.equal(weights(learner.policy), before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"replay_capacity": 10}, "replay_capacity is 10, smaller than batch_size 64"),
        ({"learning_starts": 10}, "learning_starts is 10, smaller than batch_size 64"),
        ({"target": None}, "double is on, but target is none"),
    ],
)
def test_settings_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DQNConfig(**options)


def test_a_replay_smaller_than_a_rollout_is_refused() -> None:
    learner = learner_of(table(ONLINE), **{**ONE, "replay_capacity": 1})
    with pytest.raises(ConfigError, match="replay_capacity is 1, but one rollout alone has 1 copies x 2 steps"):
        learner.update(one_step([0]).map(lambda x: x.expand(2, *x.shape[1:])), 0.0)


def test_a_replay_whose_whole_rows_are_smaller_than_a_batch_is_refused() -> None:
    learner = learner_of(table(ONLINE), **{**ONE, "replay_capacity": 5, "batch_size": 5, "learning_starts": 5})
    with pytest.raises(ConfigError, match="is 5, of which 3 are used, whole rows of 3 copies: fewer than batch_size 5"):
        learner.update(one_step([0]).map(lambda x: x.expand(1, 3, *x.shape[2:])), 0.0)


@pytest.mark.parametrize("mixer", ["none", "vdn", "qmix"])
def test_a_team_of_two_classes_and_many_sizes_learns(mixer: str, make_meeting: Callable[..., Meeting]) -> None:
    teams = ({"A": 2, "B": 2}, {"A": 1, "B": 2})
    meeting = make_meeting({"A": 2, "B": 2}, num_copies=6, training_teams=teams)
    shape = QNetworkConfig(
        encoder=EncoderConfig(hidden=(8, 8), temporal="none"),
        graph=GraphConfig(kind="gat", heads=2),
        head=QHeadConfig(dueling=True),
        mixer=MixerConfig.model_validate({"kind": mixer}),
    )
    policy = QNetwork(meeting.roster, shape)
    before = copy.deepcopy(dict(policy.named_parameters()))
    options: dict[str, Any] = {"batch_size": 16, "learning_starts": 48, "n_step": 2, "updates_per_iteration": 2}
    learner = DQN(policy, DQNConfig(**options, prioritised=PrioritisedConfig()), seed=0)
    rollout = Collector(meeting, 8, seed=0).collect(policy).batch
    gone = ~rollout.observation.alive
    assert gone.any()
    results = []
    for later in (0.0, 1e6):
        twin = copy.deepcopy(learner)
        twin.update(replace(rollout, reward=rollout.reward.masked_fill(gone, later)), 0.0)
        results.append(weights(twin.policy))
    assert torch.equal(*results)
    learner.update(rollout, 0.0)
    same = [name for name, p in policy.named_parameters() if torch.equal(p, before[name])]
    assert not same
