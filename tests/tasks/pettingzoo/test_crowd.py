"""Crowds whose agents see an image each and die in numbers, and Tuples; numbers by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from crowd_pettingzoo import Crowd, Drones, image_of

import marl
from marl.core.roster import ImageSpec
from marl.core.trust import trusting
from marl.tasks.checking import check_environment
from marl.tasks.environment_config import environment_config
from marl.tasks.pettingzoo.environment import PettingZooEnvironment

KINDS = ("red", "blue")


def images(of: list[int], time: int) -> torch.Tensor:
    """``[N_c, C, H, W]`` of these agents, blank for those who died by ``time``."""
    return torch.from_numpy(np.stack([image_of(n, time) * (1 + n % 5 > time) for n in of]))


@pytest.mark.parametrize("layout", ["last", "first", "double", "stack"])
def test_each_of_many_sees_its_own_image_until_it_dies(layout: str) -> None:
    env = PettingZooEnvironment(lambda: Crowd(12, layout), 2, lambda name: name.partition("_")[0], KINDS)
    assert [c.images for c in env.roster.classes] == [(ImageSpec((3, 4, 5), "float32"),)] * 2
    observation = env.reset(0)
    for time in range(6):
        assert observation.images is not None
        for first, kind in enumerate(KINDS):
            of = list(range(first, 12, 2))
            assert all(copy.equal(images(of, time % 5)) for copy in observation.images[kind]), (kind, time)
        if time == 5:
            break
        step = env.step({kind: torch.zeros(2, 6, dtype=torch.long) for kind in KINDS})
        # of 12, those with n % 5 >= time were alive
        assert step.reward.sum().item() == 2 * (12, 9, 6, 4, 2)[time]
        assert step.ended.tolist() == [time == 4] * 2
        assert step.terminated[0, :6].tolist() == [n % 5 <= time for n in range(0, 12, 2)]
        observation = step.observation


def test_a_tuple_of_a_place_and_a_map_is_features() -> None:
    """One number for each value of the place, 4 + 3, and the 12 of the map."""
    env = PettingZooEnvironment(Drones, 1, lambda name: "drone", ("drone",))
    env.reset(0)
    step = env.step({"drone": torch.zeros(1, 2, dtype=torch.long)})
    seen = step.observation.features["drone"][0]
    assert seen.tolist() == [[0, 1, 0, 0, *place, *[0.25] * 12] for place in ([1, 0, 0], [0, 1, 0])]
    for _ in range(2):
        step = env.step({"drone": torch.zeros(1, 2, dtype=torch.long)})
    assert (step.terminated.tolist(), step.truncated.tolist()) == ([[True, True]], [[True, True]])


def test_crowds_are_checked_and_trained(tmp_path: Path) -> None:
    with trusting("crowd_pettingzoo"):
        task, config = environment_config({"name": "crowd_pettingzoo:crowd", "arguments": {"agents": 6}}, {})
        found = check_environment(task, config, 1)
    # red are 0, 2, 4, blue 1, 3, 5, which dies first with 0
    assert found.left == [{"red_0": 1, "blue_5": 1, "blue_1": 2, "red_2": 3, "blue_3": 4}]
    assert (found.lengths, found.ends) == ([5], ["terminated"])
    assert found.returns == pytest.approx({"red": (1 + 3 + 5) / 3, "blue": (2 + 4 + 1) / 3})
    settings = {"num_copies": 2, "rollout_length": 8, "total_env_steps": 16, "evaluation_episodes": 2}
    for name in ("crowd_pettingzoo:crowd", "crowd_pettingzoo:Drones"):
        result = marl.train({"env": {"name": name}, **settings}, tmp_path / name.partition(":")[2], seed=0)
        assert result.env_steps == 16
