"""Policies of both sides of simple_tag with drawn weights, and environments in which they are opponents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from marl.networks.configs import CriticConfig, EncoderConfig, GraphConfig, TransformerConfig
from marl.policies.actor_critic import ActorCritic
from marl.policies.configs import ActorCriticConfig
from marl.policies.saved import save_policy
from marl.tasks.registry import find_task

__all__ = ["LONE_PREY", "PREY_SIDE", "SIDES", "against", "make", "random_action", "save", "saved"]

task = find_task("simple_tag")

PREY_SIDE: dict[str, Any] = {
    "side": "prey",
    "team": {"P": 1, "Q": 2},
    "classes": {"P": ("landmarks", "predators"), "Q": ("predators", "teammates")},
    "communication": {"range": 0.8},
    "num_predators": 3,
    "max_cycles": 7,
}
PREDATOR_SIDE: dict[str, Any] = {
    "team": {"A": 1, "B": 2},
    "communication": {"range": 1.0},
    "num_prey": 3,
    "max_cycles": 7,
}
SIDES = {"prey": PREY_SIDE, "predators": PREDATOR_SIDE}
LONE_PREY = {**PREY_SIDE, "team": {"P": 1}, "classes": {"P": ("landmarks", "predators")}, "communication": None}
OTHER = {"prey": "predators", "predators": "prey"}


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of a policy of each side, with memory and messages, and of a lone prey's without."""
    folder = tmp_path_factory.mktemp("policies")
    plain = save(folder / "lone", LONE_PREY, temporal="none")
    return {**{side: save(folder / side, SIDES[side]) for side in SIDES}, "lone": plain}


def save(folder: Path, settings: dict[str, Any], temporal: str = "transformer", sharpness: float = 100) -> Path:
    """A policy with drawn weights that, unlike at the start of training, tells situations apart."""
    config = task.config_type.model_validate(settings)
    environment = task.make(config, 1)
    transformer = TransformerConfig(heads=2, window=4, feedforward=8)
    networks = ActorCriticConfig(
        encoder=EncoderConfig(hidden=(8, 8), temporal=temporal, transformer=transformer),
        graph=GraphConfig(heads=2),
        critic=CriticConfig(hidden=(8,), entity_hidden=(8,)),
    )
    with torch.random.fork_rng():
        torch.manual_seed(3)
        policy = ActorCritic(environment.roster, networks)
    with torch.no_grad():
        for actor in policy.actors.values():
            actor.network[-1].weight.mul_(sharpness)
        for name, parameter in policy.named_parameters():
            # the past counts for little when training begins
            if "gate_attention.gate.bias" in name:
                parameter.fill_(2.0)
            elif name.endswith("output.weight"):
                parameter.mul_(5)
    folder.mkdir(parents=True)
    save_policy(folder, policy, config.model_dump(mode="json"))
    return folder


def make(settings: dict[str, Any], num_copies: int = 3, **options: Any) -> Any:
    return task.make(task.config_type.model_validate(settings), num_copies, **options)


def against(side: str, folder: Path, **settings: Any) -> dict[str, Any]:
    """Settings in which the other side learns, and this one is played by a saved policy."""
    return {**SIDES[OTHER[side]], side: str(folder), **settings}


def random_action(tag: Any, generator: torch.Generator) -> dict[str, torch.Tensor]:
    return {
        name: torch.randint(5, (tag.num_copies, agents.stop - agents.start), generator=generator)
        for name, agents in tag.roster.slices.items()
    }
