from __future__ import annotations

from typing import Any

import pytest
import torch

from marl.core.errors import ConfigError
from marl.core.records import Observation
from marl.tasks.environment_config import make_environment
from marl.training.memory_check import check_memory, rollout_bytes
from marl.training.run_config import read_config

State = dict[str, Any]
# one copy of a class of two and a class of one
PAIR = Observation(
    features={"A": torch.zeros(1, 2, 3), "B": torch.zeros(1, 1, 5, dtype=torch.uint8)},
    alive=torch.ones(1, 3, dtype=torch.bool),
    adjacency=torch.ones(1, 3, 3, dtype=torch.bool),
    entities=torch.zeros(1, 4, 7),
)
ALONE = Observation({"A": torch.zeros(1, 1, 3)}, torch.ones(1, 1, dtype=torch.bool))


def test_the_bytes_of_a_rollout_by_hand(preset: State) -> None:
    config = read_config({**preset, "num_copies": 10, "rollout_length": 4})
    # 6 + 28 numbers of 4 bytes, 5 of a picture, 3 and 9 flags; 40 steps and their successors; 9 pairs of 4 bytes in
    # each world
    assert rollout_bytes(config, PAIR, 9) == 2 * 40 * (4 * 34 + 5 + 3 + 9) + 10 * 9 * 4
    assert rollout_bytes(config, ALONE, 0) == 2 * 40 * (4 * 3 + 1)
    dqn = {"name": "dqn", "replay_capacity": 1000}
    replayed = read_config({**preset, "num_copies": 10, "rollout_length": 4, "algorithm": dqn, "policy": {}})
    assert rollout_bytes(replayed, ALONE, 0) == 2 * 1040 * (4 * 3 + 1)


def test_more_than_is_free_is_refused(preset: State, monkeypatch: pytest.MonkeyPatch) -> None:
    config = read_config({**preset, "num_copies": 10, "rollout_length": 4})
    probe, cpu = make_environment(config.task, config.env, 1), torch.device("cpu")
    needed = rollout_bytes(config, probe.reset(0), probe.roster.size**2)
    monkeypatch.setattr("marl.training.memory_check.available_memory", lambda: needed)
    assert check_memory(config, probe, cpu) == needed
    monkeypatch.setattr("marl.training.memory_check.available_memory", lambda: needed - 1)
    told = rf"num_copies 10, rollout_length 4 and a team of {probe.roster.size} take .* GB at least, and"
    with pytest.raises(ConfigError, match=told):
        check_memory(config, probe, cpu)
