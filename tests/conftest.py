from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

import marl

torch.set_num_threads(1)  # several cost more than they bring on networks of this size

SMALL: dict[str, Any] = {
    "env": {
        "name": "simple_tag",
        "max_cycles": 12,
        "communication": {"link_loss": 0.2},
        "curriculum": {"episodes": 40, "stages": [{"prey_speed": 0.5, "until": 0.0}, {}]},
    },
    "policy": {
        "encoder": {"hidden": [16, 16], "transformer": {"heads": 2, "window": 4, "feedforward": 16}},
        "graph": {"kind": "gat", "heads": 2},
        "critic": {"hidden": [16], "entity_hidden": [16]},
    },
    "algorithm": {"name": "ppo", "learning_rate": [0.003, 0.001], "auxiliary_coef": 0.5, "epochs": 2},
    "total_env_steps": 1280,
    "num_copies": 32,
    "rollout_length": 8,
    "log_interval": 512,
    "checkpoint_interval": 512,
    "evaluation_interval": 1024,
    "evaluation_episodes": 4,
    "score_log": {"threshold": 1000, "window": 20},
    "threads": 1,
}
"""Five iterations of 256 env steps."""


@pytest.fixture
def preset() -> dict[str, Any]:
    """A run of seconds, with everything that keeps state: memory, schedules, lost links, a normaliser, stages."""
    return copy.deepcopy(SMALL)


@pytest.fixture
def preset_file(preset: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "preset.yaml"
    path.write_text(yaml.safe_dump(preset))
    return path


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained run. Tests must not change it."""
    threads = torch.get_num_threads()
    folder = tmp_path_factory.mktemp("runs") / "small"
    marl.train(copy.deepcopy(SMALL), out=folder)
    torch.set_num_threads(threads)
    return folder
