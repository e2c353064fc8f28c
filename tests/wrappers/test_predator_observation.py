from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from mpe2 import simple_tag_v3

from marl.wrappers.mpe2_world import predators_of
from marl.wrappers.predator_observation import PredatorObservation, as_float32, unbounded
from marl.wrappers.rules.world import World


class Places(PredatorObservation):
    """Predators observe their own position, and the number of numbers that they observed before."""

    def __init__(self, env: Any) -> None:
        super().__init__(env, {agent: unbounded(3) for agent in predators_of(env)})

    def _observe(self, world: World, observations: dict[str, Any]) -> dict[str, Any]:
        places = as_float32(world.predator_position[0])
        return {
            f"adversary_{i}": np.array([*place, len(observations[f"adversary_{i}"])]) for i, place in enumerate(places)
        }


@pytest.fixture
def envs() -> tuple[Any, Any]:
    plain, wrapped = (simple_tag_v3.parallel_env(num_good=1, num_adversaries=2, num_obstacles=1) for _ in range(2))
    return plain, Places(wrapped)


def test_predators_observe_anew_and_prey_as_before(envs: tuple[Any, Any]) -> None:
    """mpe2's observation of a predator: velocity, position, one obstacle, two others, velocity of the prey."""
    plain, wrapped = envs
    before, after = plain.reset(seed=3)[0], wrapped.reset(seed=3)[0]
    for _ in range(2):
        for agent in ("adversary_0", "adversary_1"):
            np.testing.assert_allclose(after[agent], [*before[agent][2:4], 2 + 2 + 2 + 4 + 2], rtol=1e-6)
        np.testing.assert_array_equal(after["agent_0"], before["agent_0"])
        before, after = (env.step(dict.fromkeys(env.agents, 1))[0] for env in envs)


def test_spaces_of_predators_are_new_and_those_of_prey_are_kept(envs: tuple[Any, Any]) -> None:
    plain, wrapped = envs
    assert wrapped.observation_space("adversary_1") == unbounded(3)
    assert wrapped.observation_space("agent_0") == plain.observation_space("agent_0")


def test_an_array_of_a_tensor_is_its_own() -> None:
    tensor = torch.ones(2)
    as_float32(tensor)[0] = 5
    assert tensor.tolist() == [1, 1]
    assert as_float32(tensor.double()).dtype == np.float32
