"""Environments with images through training, resuming, loading and evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import habits  # noqa: F401, registers its environments
import pytest
import torch
from image_settings import ACTOR_CRITIC, CODE, DQN, PPO, preset
from leaving_pettingzoo import Painted
from torch.testing import assert_close

import marl
from marl.algorithms.configs import PPOConfig
from marl.algorithms.policy_gradient import PolicyGradient
from marl.core.records import Step
from marl.core.roster import ImageSpec
from marl.policies.actor_critic import ActorCritic
from marl.policies.configs import ActorCriticConfig
from marl.policies.saved import load_policy
from marl.tasks.pettingzoo.environment import PettingZooEnvironment
from marl.training.collector import Collector
from marl.training.run_config import load_config


@pytest.mark.parametrize(("algorithm", "steps"), [(PPO, 1000), (DQN, 640)], ids=["ppo", "dqn"])
def test_what_an_image_shows_is_learnt_and_goes_on(algorithm: dict[str, Any], steps: int, tmp_path: Path) -> None:
    """The best policy earns 5, a random one 5 / 3."""
    result = marl.train(preset(algorithm, rollout_length=5, total_env_steps=steps, seed=1), tmp_path / "x")
    assert result.metrics["evaluation/return_per_agent"] > 4.2
    resumed = marl.train(None, tmp_path / "x", resume=True, total_env_steps=steps + 40)
    assert resumed.metrics["evaluation/return_per_agent"] > 4.2


@pytest.mark.parametrize(("size", "inside"), [(0, False), (3, True)], ids=["numbers", "picture"])
def test_parts_of_an_observation_are_learnt_together(size: int, inside: bool, tmp_path: Path) -> None:
    """Who reads but two of the three parts gets 3.75 of 5 at best; an illegal action would be an error."""
    parts = {"arguments": {"size": size, "inside": inside}, "max_episode_steps": 5}
    learner = {**PPO, "learning_rate": 0.003, "minibatches": 2}
    settings = preset(learner, "habits:Parts-v0", env=parts, rollout_length=5, num_copies=16, total_env_steps=4000)
    settings["policy"] = {**ACTOR_CRITIC, "encoder": {**CODE, "hidden": [32]}}
    result = marl.train(settings, tmp_path / "x")
    assert result.metrics["evaluation/return_per_agent"] > 4.2


def test_a_file_tells_of_images_only_where_there_are_some(tmp_path: Path) -> None:
    for name in ("Colour", "Walk"):
        marl.train(preset(PPO, f"habits:{name}-v0", total_env_steps=64), tmp_path / name)
        (agent,) = load_policy(tmp_path / name).policy.roster.classes
        assert agent.images == ((ImageSpec((3, 12, 12), "uint8"),) if name == "Colour" else ())
    assert b"image" not in (tmp_path / "Walk/policy/policy.safetensors").read_bytes()


def test_successors_are_valued_by_their_true_images() -> None:
    """x is cut at 2, the others die at 3: the next row shows another episode, and x nothing."""
    environment = PettingZooEnvironment(
        lambda: Painted(cut={"x": 2}, dies={"y": 3, "z": 3}), 2, lambda name: "A", ("A",)
    )
    policy = ActorCritic(environment.roster, ActorCriticConfig.model_validate(ACTOR_CRITIC))
    policy.critic.networks["A"][-1].weight.data.mul_(10)
    stepping, true = environment.step, []

    def step(action: dict[str, torch.Tensor]) -> Step:
        taken = stepping(action)
        true.append(policy.value(taken.next_observation))
        return taken

    environment.step = step  # type: ignore[method-assign]
    rollout = Collector(environment, 5, seed=0).collect(policy).batch
    found = PolicyGradient(policy, PPOConfig(), seed=0)._values(rollout).next_value
    counts = ~rollout.terminated
    assert_close(found[counts], torch.stack(true)[counts])
    assert not torch.isclose(found[1, :, 0], policy.value(rollout.observation)[2, :, 0]).any()


def test_a_team_with_images_is_trained_and_evaluated(tmp_path: Path) -> None:
    env = {"arguments": {"dies": {"x": 3, "y": 5}, "cut": {"z": 5}}, "members": {"all_of_them": ["*"]}}
    for algorithm in (PPO, DQN):
        settings = preset(algorithm, "leaving_pettingzoo:painted", env=env, total_env_steps=256)
        marl.train(settings, tmp_path / algorithm["name"])
        found = marl.evaluate(tmp_path / algorithm["name"], episodes=2)
        assert found["return_per_agent"]["mean"] == pytest.approx((3 + 5 + 5) / 3)
    assert torch.is_tensor(next(marl.load(tmp_path / "dqn").trunk.images.parameters()))


def test_pictures_are_trained_on_with_settings_that_suit_them(tmp_path: Path) -> None:
    marl.train("habits:Colour-v0", tmp_path / "x", env__arguments={"size": 36}, rollout_length=4, total_env_steps=1)
    config = load_config(tmp_path / "x" / "config.yaml")
    assert (config.algorithm.epochs, config.num_copies) == (3, 4)
