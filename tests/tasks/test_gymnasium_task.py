from __future__ import annotations

import multiprocessing

import habits
import pytest
import torch
from gymnasium.spaces import Discrete

from marl.core.errors import ConfigError
from marl.core.task import AgentSpaces
from marl.tasks.gymnasium_config import GymnasiumConfig
from marl.tasks.gymnasium_task import GymnasiumTask


def test_evaluation_stays_in_one_process() -> None:
    task, settings = GymnasiumTask(), GymnasiumConfig(name="CartPole-v1", processes=2)
    before = set(multiprocessing.active_children())
    for training, processes in ((False, 0), (True, 2)):
        environment = task.make(settings, 2, training=training)
        assert len(set(multiprocessing.active_children()) - before) == processes
        environment.close()


def test_settings_reach_the_environment_with_the_references() -> None:
    settings = GymnasiumConfig(name="CartPole-v1", arguments={"sutton_barto_reward": True}, max_episode_steps=2)
    lean = lambda observation, generator: {}  # noqa: E731
    environment = GymnasiumTask({"lean": lean}).make(settings, 3)
    assert environment.scripted() == {"lean": lean}
    action = {"agent": torch.zeros(3, 1, dtype=torch.long)}
    environment.reset(seed=0)
    steps = [environment.step(action) for _ in range(2)]
    environment.close()
    assert [step.truncated.flatten().tolist() for step in steps] == [[False] * 3, [True] * 3]
    assert steps[0].reward.tolist() == [[0.0]] * 3  # as Sutton and Barto have it, and not 1


def test_described_is_what_differs_from_the_registered_environment() -> None:
    task = GymnasiumTask()
    assert task.describe(GymnasiumConfig(name="CartPole-v1", processes=2)) == {"environment": "CartPole-v1"}
    changed = GymnasiumConfig(name="FrozenLake-v1", arguments={"is_slippery": False}, max_episode_steps=9)
    told = {"environment": "FrozenLake-v1", "arguments": {"is_slippery": False}, "max_episode_steps": 9}
    assert task.describe(changed) == told


def test_a_single_agent_has_nobody_to_train_in_turn_with() -> None:
    with pytest.raises(ConfigError, match="CartPole-v1 has a single agent and nobody to train in turn with"):
        GymnasiumTask().sides(GymnasiumConfig(name="CartPole-v1"))


def test_spaces_are_those_of_the_environment_with_its_arguments() -> None:
    settings = GymnasiumConfig(name="FrozenLake-v1", arguments={"map_name": "8x8"})
    assert GymnasiumTask().spaces(settings) == AgentSpaces("agent", Discrete(64), Discrete(4))
    assert GymnasiumTask().spaces(GymnasiumConfig(name=f"{habits.__name__}:Closed-v0")).masked
