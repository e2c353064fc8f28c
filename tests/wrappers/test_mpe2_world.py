from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mpe2 import simple_tag_v3

from marl.wrappers.mpe2_world import get_state, read_world, set_state, simple_tag_of
from marl.wrappers.scripted_prey import ScriptedPrey


def make(num_adversaries: int = 2, **options: Any) -> Any:
    return simple_tag_v3.parallel_env(num_adversaries=num_adversaries, num_good=1, num_obstacles=3, **options)


def test_world_has_mpe2s_numbers() -> None:
    env = make()
    env.reset(seed=0)
    env.step(dict.fromkeys(env.agents, 2))
    world, raw = read_world(env), simple_tag_of(env).world
    assert world.position.shape == (1, 6, 2)
    assert world.velocity.shape == (1, 3, 2)
    np.testing.assert_array_equal(world.predator_position[0, 1], raw.agents[1].state.p_pos)
    np.testing.assert_array_equal(world.predator_velocity[0, 1], raw.agents[1].state.p_vel)
    np.testing.assert_array_equal(world.prey_position[0, 0], raw.agents[2].state.p_pos)
    np.testing.assert_array_equal(world.prey_velocity[0, 0], raw.agents[2].state.p_vel)
    np.testing.assert_array_equal(world.landmark_position[0, 2], raw.landmarks[2].state.p_pos)
    assert world.alive.tolist() == [[True, True]]


def test_a_read_world_does_not_move_on() -> None:
    env = make()
    env.reset(seed=0)
    world = read_world(env)
    before = world.position.clone()
    for _ in range(3):
        env.step(dict.fromkeys(env.agents, 2))
    assert world.position.equal(before)


def test_a_state_of_another_environment_is_refused() -> None:
    env, other, scripted = make(), make(num_adversaries=3), ScriptedPrey(make())
    for one in (env, other, scripted):
        one.reset(seed=0)
    with pytest.raises(ValueError, match=r"state has 6 entities .* this environment has 7"):
        set_state(other, get_state(env))
    with pytest.raises(ValueError, match=r"draws of \[\]; this .* draws of \['ScriptedPrey'\]"):
        set_state(scripted, get_state(env))
