"""Policies that see images in loops of one's own, beside the policy in the environment."""

from __future__ import annotations

from typing import Any

import habits  # noqa: F401, registers its environments
import numpy as np
import pytest
import torch
from leaving_pettingzoo import Painted

from marl.networks.configs import CriticConfig, EncoderConfig, GraphConfig
from marl.policies.actor_critic import ActorCritic
from marl.policies.configs import ActorCriticConfig
from marl.policies.interface import Interface
from marl.tasks.environment_config import environment_config, make_environment


def seeing(settings: dict[str, Any], copies: int) -> tuple[ActorCritic, Any]:
    """A policy whose actions turn on its images, and copies of its environment."""
    environment = make_environment(*environment_config(settings, {}), copies)
    torch.manual_seed(2)
    config = ActorCriticConfig(
        encoder=EncoderConfig(hidden=(8,), temporal="none"),
        graph=GraphConfig(kind="none"),
        critic=CriticConfig(sharing="independent"),
    )
    policy = ActorCritic(environment.roster, config).eval()
    policy.interface = Interface(settings)
    for actor in policy.actors.values():
        torch.nn.init.normal_(actor.network[-1].weight, std=3.0)
    return policy, environment


def test_a_batch_and_an_image_alone_are_acted_on_as_in_the_environment() -> None:
    policy, environment = seeing({"name": "habits:Colour-v0"}, 12)
    observation = environment.reset(0)
    assert observation.images is not None
    seen = [np.moveaxis(image.numpy(), 0, -1) for image in observation.images["agent"][:, 0]]
    expected = policy.act(observation, None).action["agent"][:, 0].tolist()
    assert len(set(expected)) > 1
    actions, _ = policy.predict(np.stack(seen), deterministic=True)
    assert actions.tolist() == expected
    assert [policy.predict(each, deterministic=True)[0] for each in seen] == expected
    with pytest.raises(
        ValueError, match=r"Colour-v0: an array of shape \(12, 12\) and type .* is neither an observation"
    ):
        policy.predict(seen[0][..., 0])


def test_a_team_is_acted_for_as_in_the_environment_and_who_is_not_there_sees_blanks() -> None:
    policy, environment = seeing({"name": "leaving_pettingzoo:painted", "arguments": {"cut": {"y": 1}}}, 2)
    alone = Painted(cut={"y": 1})
    given, _ = alone.reset()
    observation = environment.reset(0)
    for _ in range(2):
        expected = {name: int(chosen[0, 0]) for name, chosen in policy.act(observation, None).action.items()}
        actions, _ = policy.predict(given, deterministic=True)
        assert actions == {name: expected[name] for name in given}
        observation = environment.step({name: torch.zeros(2, 1, dtype=torch.long) for name in "xyz"}).observation
        given = {
            name: each for name, each in alone.step(dict.fromkeys(alone.agents, 0))[0].items() if name in alone.agents
        }
    assert "y" not in given
