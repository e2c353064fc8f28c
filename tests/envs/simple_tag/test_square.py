"""A turned or mirrored world is the same game with turned or mirrored actions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from marl.algorithms.configs import A2CConfig, PPOConfig
from marl.algorithms.kinds import make_learner
from marl.core.errors import ConfigError
from marl.core.records import Observation, Rollout
from marl.envs.simple_tag.config import SimpleTagConfig
from marl.envs.simple_tag.environment import SimpleTag
from marl.envs.simple_tag.square import turned
from marl.envs.simple_tag.task import task
from marl.policies.actor_critic import ActorCritic
from marl.policies.configs import ActorCriticConfig
from marl.training.collector import Collector

RIGHT, UP = 2, 4


def make(**settings: Any) -> SimpleTag:
    config = {
        "team": {"A": 1, "B": 2},
        "classes": {"A": ("landmarks", "teammates:2"), "B": ("prey", "landmarks:1")},
        "prey": "still",
        "num_prey": 2,
        "communication": {"range": 1.0},
        **settings,
    }
    made = task.make(SimpleTagConfig.model_validate(config), 5)
    assert isinstance(made, SimpleTag)
    return made


def assert_same(ours: Observation, theirs: Observation) -> None:
    for name, features in ours.features.items():
        assert_close(features, theirs.features[name], rtol=0, atol=2e-5)
    for part in ("kinematics", "entities", "auxiliary_target"):
        assert_close(getattr(ours, part), getattr(theirs, part), rtol=0, atol=2e-5)
    assert ours.adjacency is not None
    assert theirs.adjacency is not None
    assert ours.adjacency.equal(theirs.adjacency)


def test_a_quarter_turn_leads_right_to_up_and_mirrors_keep_their_axis() -> None:
    action = make().symmetries.action
    assert [row.tolist() for row in action] == [
        [0, 1, 2, 3, 4],  # stay, left, right, down, up
        [0, 3, 4, 2, 1],
        [0, 2, 1, 4, 3],
        [0, 4, 3, 1, 2],
        [0, 2, 1, 3, 4],
        [0, 1, 2, 4, 3],
        [0, 3, 4, 1, 2],
        [0, 4, 3, 2, 1],
    ]
    assert_close(turned(torch.tensor([1.0, 0.0]), 1), torch.tensor([0.0, 1.0]))


@pytest.mark.parametrize("frame", ["relative", "absolute"])
@pytest.mark.parametrize("continuous", [False, True])
@pytest.mark.parametrize("element", range(8))
def test_the_turned_world_is_the_same_game(element: int, continuous: bool, frame: str) -> None:
    first, second = (make(frame=frame, continuous_actions=continuous) for _ in range(2))
    first.reset(0)
    chosen = torch.full((5,), element)
    velocity = torch.rand(5, 5, 2, generator=torch.Generator().manual_seed(1)) - 0.5
    ours = first.set_world(first.world.position, velocity)
    theirs = second.set_world(turned(first.world.position, element), turned(velocity, element))
    assert_same(first.symmetries.observation(ours, chosen), theirs)
    generator = torch.Generator().manual_seed(2)
    for _ in range(20):
        action = draw(first, continuous, generator)
        a, b = first.step(action), second.step(first.symmetries.actions(action, chosen))
        assert_same(first.symmetries.observation(a.next_observation, chosen), b.next_observation)
        assert_close(a.reward, b.reward)


def draw(tag: SimpleTag, continuous: bool, generator: torch.Generator) -> dict[str, Tensor]:
    counts = tag.roster.team.items()
    if continuous:
        return {name: 2 * torch.rand(5, n, 5, generator=generator) - 1 for name, n in counts}
    return {name: torch.randint(5, (5, n), generator=generator) for name, n in counts}


def rollout_of(tag: SimpleTag) -> tuple[ActorCritic, Rollout]:
    config = ActorCriticConfig.model_validate({"encoder": {"hidden": [8], "transformer": {"heads": 2, "window": 3}}})
    policy = ActorCritic(tag.roster, config)
    collector = Collector(tag, 6, seed=0)
    collector.collect(policy)
    return policy, collector.collect(policy).batch


class Eye:
    """Recorder of the rollouts that a policy evaluates."""

    def __init__(self, policy: ActorCritic) -> None:
        self.evaluate, self.seen = policy.evaluate, list[Rollout]()
        policy.evaluate = self  # type: ignore[method-assign, assignment]

    def __call__(self, rollout: Rollout) -> Any:
        self.seen.append(rollout)
        return self.evaluate(rollout)


@pytest.mark.parametrize("on", [False, True])
def test_a_learner_sees_turned_copies_exactly_when_the_option_is_on(on: bool) -> None:
    tag = make()
    policy, rollout = rollout_of(tag)
    eye = Eye(policy)
    learner = make_learner(policy, PPOConfig(epochs=1, minibatches=1, symmetries=on), 0, tag.symmetries)
    for _ in range(4):
        learner.update(rollout, 0.0)
    kinematics = rollout.observation.kinematics
    assert kinematics is not None
    found = set()
    for seen in eye.seen:
        there = seen.observation.kinematics
        assert there is not None
        assert seen.memory is not None
        for copy in range(5):
            element = next(
                (g, old)
                for g in range(8)
                for old in range(5)
                if there[:, copy].allclose(_turned(kinematics[:, old], g), atol=1e-6)
            )
            found.add(element[0])
            mine = tag.symmetries.actions({"B": rollout.action["B"][:, [element[1]]]}, torch.tensor([element[0]]))["B"]
            assert seen.action["B"][:, copy].equal(mine[:, 0])
            assert seen.log_prob[:, copy].equal(rollout.log_prob[:, element[1]])  # of the action as it was drawn
            assert bool(seen.memory.valid[copy].any()) == (element[0] == 0)  # it was of the world as it was
    assert found == {0} if not on else len(found) > 4


def _turned(kinematics: Tensor, element: int) -> Tensor:
    return torch.cat([turned(kinematics[..., :2], element), turned(kinematics[..., 2:], element)], -1)


def test_learners_without_a_ratio_refuse_symmetries() -> None:
    tag = make()
    policy, _ = rollout_of(tag)
    with pytest.raises(ConfigError, match=r"algorithm\.symmetries is on; A2C cannot weigh turned actions: use ppo"):
        make_learner(policy, A2CConfig(symmetries=True), 0, tag.symmetries)


def test_an_action_mask_turns_with_the_actions() -> None:
    tag = make()
    observation = tag.reset(0)
    mask = torch.zeros(5, 2, 5, dtype=torch.bool)
    mask[..., RIGHT] = True
    turned_mask = tag.symmetries.observation(replace(observation, action_mask={"B": mask}), torch.ones(5).long())
    assert turned_mask.action_mask is not None
    assert turned_mask.action_mask["B"].nonzero()[:, -1].unique().tolist() == [UP]


def test_an_environment_without_symmetries_is_refused() -> None:
    policy, _ = rollout_of(make())
    with pytest.raises(ConfigError, match=r"algorithm\.symmetries is on, but this environment names none"):
        make_learner(policy, PPOConfig(symmetries=True), 0, None)
