"""Pictures of different sizes in one observation: each has a network of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import two_pictures
from image_settings import ACTOR_CRITIC, DQN, PPO, preset
from torch.testing import assert_close

import marl
from marl.core.roster import ImageSpec
from marl.core.selection import Selection, class_sizes
from marl.core.serialisation import load_state, save_state
from marl.policies.actor_critic import ActorCritic
from marl.policies.configs import ActorCriticConfig
from marl.policies.saved import load_policy, save_policy
from marl.tasks.pettingzoo.environment import PettingZooEnvironment

LONE = "two_pictures:Lone-v0"
IMAGES = (ImageSpec((2, 4, 5), "int8"), ImageSpec((1, 3, 3), "uint8"))


@pytest.mark.parametrize(("algorithm", "steps"), [(PPO, 2500), (DQN, 1500)], ids=["ppo", "dqn"])
def test_what_two_pictures_show_is_learnt_and_goes_on(algorithm: dict[str, Any], steps: int, tmp_path: Path) -> None:
    """The best policy earns 5, who reads one picture 2.5."""
    result = marl.train(preset(algorithm, LONE, rollout_length=5, total_env_steps=steps, seed=1), tmp_path / "x")
    assert result.metrics["evaluation/return_per_agent"] > 4.2
    resumed = marl.train(None, tmp_path / "x", resume=True, total_env_steps=steps + 40)
    assert resumed.metrics["evaluation/return_per_agent"] > 4.2
    loaded = marl.load(tmp_path / "x")
    assert loaded.roster.classes[0].images == IMAGES
    for right in range(4):
        found, _ = loaded.predict(two_pictures.pictures(right // 2, right % 2), deterministic=True)
        assert found == right


def shown(observation: Any, agents: str = "A") -> list[list[list[int]]]:
    """What each picture of copy 0 shows each agent in its last corner."""
    return [images[0, :, :, -1, -1].tolist() for name, images in observation.images.items() if name[0] in agents]


@pytest.mark.parametrize("processes", [1, 2])
def test_agents_observe_both_and_those_that_have_left_nothing(processes: int) -> None:
    made = PettingZooEnvironment(
        lambda: two_pictures.Pair(dies={"x": 2}), 2, lambda name: "A", ("A",), processes=processes
    )
    try:
        (agents,) = made.roster.classes
        assert (agents.images, agents.feature_size) == (IMAGES, 0)
        first = made.reset(0)
        assert {name: x.dtype for name, x in (first.images or {}).items()} == {"A": torch.int8, "A:2": torch.uint8}
        assert shown(first) == [[[1, 1], [0, 0]], [[0], [0]]]
        action = {"A": torch.zeros(2, 2, dtype=torch.int64)}
        assert shown(made.step(action).observation) == [[[0, 0], [1, 1]], [[0], [0]]]
        step = made.step(action)
        assert shown(step.next_observation) == [[[1, 1], [0, 0]], [[255], [255]]]
        assert shown(step.observation) == [[[0, 0], [0, 0]], [[0], [255]]]
    finally:
        made.close()


def test_agents_of_two_classes_are_selected_with_all_their_pictures() -> None:
    made = PettingZooEnvironment(two_pictures.Pair, 1, lambda name: {"x": "A", "y": "B"}[name], ("A", "B"))
    whole = made.reset(0)
    assert list(whole.images or {}) == ["A", "A:2", "B", "B:2"]
    part = Selection(class_sizes(whole), {"B": [0]}).observation(whole)
    assert list(part.images or {}) == ["B", "B:2"]
    assert shown(part, "B") == [[[0, 0]], [[0]]]


def test_a_team_is_trained_and_evaluated(tmp_path: Path) -> None:
    env = {"arguments": {"dies": {"x": 3}}, "members": {"all_of_them": ["*"]}}
    settings = preset(PPO, "two_pictures:pair", env=env, total_env_steps=256)
    marl.train(settings, tmp_path / "run")
    policy = marl.load(tmp_path / "run")
    seen, _ = two_pictures.Pair().reset()
    actions, _ = policy.predict(seen)
    assert set(actions) == {"x", "y"}
    actions, _ = policy.predict({"y": seen["y"]})
    assert set(actions) == {"y"}


def test_each_picture_has_a_network_and_all_their_codes_are_read() -> None:
    made = PettingZooEnvironment(two_pictures.Pair, 1, lambda name: "A", ("A",))
    policy = ActorCritic(made.roster, ActorCriticConfig.model_validate(ACTOR_CRITIC))
    networks = policy.trunk.images.networks
    assert [tuple(next(network.parameters()).shape[:2]) for network in networks.values()] == [(32, 2), (32, 1)]
    seen = made.reset(0)
    assert seen.images is not None
    code = policy.trunk.images(seen).features["A"]
    for place, (network, images) in enumerate(zip(networks.values(), seen.images.values(), strict=True)):
        floats = images[0].float() / (255 if images.dtype == torch.uint8 else 1)
        assert_close(code[0, :, 16 * place : 16 * (place + 1)], network(floats))


def test_policies_that_knew_one_image_are_read(tmp_path: Path) -> None:
    """Until now their classes had `image` and `image_dtype`."""
    settings = preset(
        PPO, "leaving_pettingzoo:painted", env={"arguments": {"cut": dict.fromkeys("xyz", 5)}}, total_env_steps=1
    )
    settings["env"]["members"] = {"A": ["*"]}
    marl.train(settings, tmp_path / "run")
    before = load_policy(tmp_path / "run")
    state = load_state(tmp_path / "run" / "policy", "policy")
    (described,) = state["description"]["classes"]
    (image,) = described.pop("images")
    described |= {"image": image["shape"], "image_dtype": image["dtype"]}
    (tmp_path / "old").mkdir()
    save_state(tmp_path / "old", "policy", state)
    after = load_policy(tmp_path / "old")
    assert after.policy.roster == before.policy.roster
    assert after.policy.state_dict().keys() == before.policy.state_dict().keys()
    save_policy(tmp_path / "new", after.policy, after.environment)
    assert np.array_equal(
        (tmp_path / "new/policy.safetensors").read_bytes(), (tmp_path / "run/policy/policy.safetensors").read_bytes()
    )
