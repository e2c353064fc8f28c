"""PettingZoo's environments as tasks, and a training of one from its name alone."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import mpe2.simple_speaker_listener_v4
import pytest
import torch
from gymnasium.spaces import Box, Discrete

import marl
from marl.core.errors import ConfigError
from marl.core.task import AgentSpaces
from marl.tasks.environment_config import environment_config, find_spaces, make_environment
from marl.tasks.gymnasium_task import GymnasiumTask
from marl.tasks.pettingzoo.task import PettingZooTask
from marl.tasks.registry import UnknownTaskError, find_task

LEAVING = "leaving_pettingzoo:leaving"


def make(**settings: Any) -> Any:
    task, config = environment_config({"name": LEAVING, **settings}, {})
    with marl.core.trust.trusting("leaving_pettingzoo"):
        return make_environment(task, config, 1)


def test_tasks_are_found_by_name_and_by_registry() -> None:
    assert isinstance(find_task("mpe2.simple_spread_v3"), PettingZooTask)
    assert isinstance(find_task("m:make"), PettingZooTask)
    assert isinstance(find_task("m:make", "gymnasium"), GymnasiumTask)
    assert isinstance(find_task("m:Maze-v0"), GymnasiumTask)
    with pytest.raises(UnknownTaskError, match="'CartPole-v1', which pettingzoo does not have"):
        find_task("CartPole-v1", "pettingzoo")


def test_spaces_are_those_of_the_environment() -> None:
    spaces = find_spaces({"name": "mpe2.simple_speaker_listener_v4"})
    assert spaces == {
        "speaker_0": AgentSpaces("speaker", Box(-math.inf, math.inf, (3,)), Discrete(3)),
        "listener_0": AgentSpaces("listener", Box(-math.inf, math.inf, (11,)), Discrete(5)),
    }


def test_members_name_the_classes() -> None:
    env = make(members={"two": ["y", "z"], "one": ["x"]})
    assert env.roster.team == {"two": 2, "one": 1}
    assert env.reset(0).features["two"][0, :, 0].tolist() == [1, 2]
    with pytest.raises(ConfigError, match=r"^env: members name no class for agent 'x'"):
        make(members={"two": ["y", "z"]})


@pytest.mark.parametrize(
    ("reward", "expected"),
    # x dies at the first step, in which it, too, gets its reward; two is x and y, one is z
    [("own", [[1, 2, 3], [0, 2, 3]]), ("class", [[1.5, 1.5, 3], [0, 2, 3]]), ("side", [[2, 2, 2], [0, 2.5, 2.5]])],
)
def test_rewards_are_shared_by_those_alive(
    reward: str, expected: list[list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from leaving_pettingzoo import Leaving

    def step(self: Leaving, actions: Any) -> Any:
        seen, rewards, *rest = taken(self, actions)
        return seen, {name: float("xyz".index(name) + 1) for name in rewards}, *rest

    taken = Leaving.step
    monkeypatch.setattr(Leaving, "step", step)
    env = make(members={"two": ["x", "y"], "one": ["z"]}, reward=reward, arguments={"dies": {"x": 1, "y": 3}})
    env.reset(0)
    for row in expected:
        step = env.step({"two": torch.zeros(1, 2, dtype=torch.long), "one": torch.zeros(1, 1, dtype=torch.long)})
        assert step.reward[0].tolist() == row
        assert (step.earned is None) == (reward == "own")


def test_a_name_alone_trains_evaluates_and_renders(tmp_path: Path) -> None:
    run = tmp_path / "run"
    small = {"total_env_steps": 256, "num_copies": 4, "rollout_length": 16, "evaluation_episodes": 2}
    result = marl.train({"env": {"name": "mpe2.simple_spread_v3", "arguments": {"max_cycles": 8}}}, out=run, **small)
    assert result.finished
    told = marl.evaluate(run, episodes=3)
    assert -60 < told["return_per_agent"]["mean"] < 0
    assert len(told["episode_seeds"]) == 3


def test_one_class_may_act_discretely_and_another_continuously(tmp_path: Path) -> None:
    """Callers can get 8 in an episode, 4 by chance; pushers can lose nothing, and lose 8.7 by chance."""
    settings = {"total_env_steps": 6_144, "evaluation_interval": 100_000, "evaluation_episodes": 1}
    marl.train({"env": {"name": "mixed_pettingzoo:Mixed"}}, out=tmp_path / "x", **settings)
    told = marl.evaluate(tmp_path / "x", 20, deterministic=True)
    assert told["return_per_caller"]["mean"] > 7
    assert told["return_per_pusher"]["mean"] > -2.5


def test_a_task_has_one_side() -> None:
    task, config = environment_config({"name": LEAVING}, {})
    with pytest.raises(ConfigError, match="trains all its agents together"):
        task.sides(config)


def test_a_description_names_what_was_changed() -> None:
    task, config = environment_config({"name": LEAVING, "arguments": {"masks": True}}, {})
    assert task.describe(config) == {"environment": LEAVING, "arguments": {"masks": True}}


@pytest.mark.parametrize(
    ("name", "arguments", "needs"),
    [
        (LEAVING, {"dies": {"x": 2, "y": 4, "z": 5}}, "pettingzoo"),
        ("mpe2.simple_spread_v3", {"max_cycles": 5}, "mpe2"),
        ("butterfly/knights_archers_zombies-v11", {"max_cycles": 30}, "pymunk"),
        ("sisl/pursuit-v5", {"max_cycles": 5, "n_pursuers": 3, "n_evaders": 4}, "pygame"),
        ("classic/leduc_holdem-v4", {}, "rlcard"),
    ],
)
def test_a_seed_gives_the_same_weights_twice(name: str, arguments: dict[str, Any], needs: str, tmp_path: Path) -> None:
    pytest.importorskip(needs)
    settings = {"name": name, "arguments": arguments}
    small = {"total_env_steps": 256, "num_copies": 4, "rollout_length": 16, "evaluation_episodes": 1}
    with marl.core.trust.trusting("leaving_pettingzoo"):
        one, two = (marl.train({"env": settings}, out=tmp_path / str(i), seed=3, **small).policy for i in (1, 2))
    weights = zip(one.state_dict().values(), two.state_dict().values(), strict=True)
    assert all(a.equal(b) for a, b in weights)


def test_a_look_at_the_spaces_leaves_other_environments_drawing() -> None:
    """mpe2 ends pygame's fonts when one is closed."""
    env = mpe2.simple_speaker_listener_v4.parallel_env(render_mode="rgb_array")
    env.reset(seed=0)
    find_spaces({"name": "mpe2.simple_speaker_listener_v4"})
    assert env.render().shape == (700, 700, 3)
