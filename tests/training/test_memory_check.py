from __future__ import annotations

from typing import Any

import pytest
import torch

from marl.core.errors import ConfigError
from marl.core.roster import ActionSpec, AgentClass, ImageSpec, Plane, Roster
from marl.training.memory_check import check_memory, rollout_bytes
from marl.training.run_config import read_config

State = dict[str, Any]
ACTION = ActionSpec("discrete", 5)
PAIR = Roster(
    (AgentClass("A", 3, ACTION), AgentClass("B", 5, ACTION)), (2, 1), Plane(), entity_size=7, auxiliary_size=2
)


def test_the_bytes_of_a_rollout_by_hand(preset: State) -> None:
    config = read_config({**preset, "num_copies": 10, "rollout_length": 4})
    # features 2 * 3 + 5, entities and targets 3 * 9: 38 numbers of 4 bytes, and 9 links; 40 steps and their successors;
    # 9 pairs of 4 bytes in each world
    assert rollout_bytes(config, PAIR) == 2 * 40 * (4 * 38 + 9) + 10 * 9 * 4
    alone = Roster((AgentClass("A", 3, ACTION),), (1,))
    picture = Roster((AgentClass("A", 3, ACTION, dtype="uint8"),), (2,))
    assert rollout_bytes(config, picture) == 2 * 40 * 2 * 3
    assert rollout_bytes(config, alone) == 2 * 40 * 4 * 3
    seen = Roster(
        (
            AgentClass("A", 3, ACTION, images=(ImageSpec((2, 5, 7)),)),
            AgentClass("B", 0, ACTION, images=(ImageSpec((1, 2, 2), "float32"),)),
        ),
        (2, 1),
    )
    # 40 steps with features and their successors', and images once: bytes, and a class of floats
    assert rollout_bytes(config, seen) == 40 * (2 * 4 * 2 * 3 + 2 * 70 + 4 * 4)
    dqn = {"name": "dqn", "replay_capacity": 1000}
    replayed = read_config({**preset, "num_copies": 10, "rollout_length": 4, "algorithm": dqn, "policy": {}})
    assert rollout_bytes(replayed, alone) == 2 * 1040 * 4 * 3


def test_more_than_is_free_is_refused(preset: State, monkeypatch: pytest.MonkeyPatch) -> None:
    config = read_config({**preset, "num_copies": 10, "rollout_length": 4})
    monkeypatch.setattr("marl.training.memory_check.available_memory", lambda: rollout_bytes(config, PAIR))
    assert check_memory(config, PAIR, torch.device("cpu")) == rollout_bytes(config, PAIR)
    monkeypatch.setattr("marl.training.memory_check.available_memory", lambda: rollout_bytes(config, PAIR) - 1)
    with pytest.raises(ConfigError, match=r"num_copies 10, rollout_length 4 and a team of 3 take .* GB at least, and"):
        check_memory(config, PAIR, torch.device("cpu"))
