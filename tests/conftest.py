from __future__ import annotations

import copy
import fcntl
import importlib
import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

import marl

torch.set_num_threads(1)  # several cost more than they bring on networks of this size
os.environ["OMP_NUM_THREADS"] = "1"  # for the processes that tests start

TOP = Path(__file__).parent.parent
KERNELS = ("marl/search/compiled*.py", "envs/kernels/*.py")
"""The modules that Numba compiles when they are imported."""

MakeOnce = Callable[[str, Callable[[Path], object]], Path]

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


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Lock a file or folder that is there; the other workers of pytest-xdist wait for it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def pytest_configure(config: pytest.Config) -> None:
    """Let one worker compile the kernels, which takes seconds; the others load them from Numba's cache."""
    if hasattr(config, "workerinput") and importlib.util.find_spec("numba") is not None:
        with alone(TOP):
            for path in (path for pattern in KERNELS for path in sorted(TOP.glob(pattern))):
                importlib.import_module(".".join(path.relative_to(TOP).with_suffix("").parts))


@pytest.fixture(scope="session")
def make_once(tmp_path_factory: pytest.TempPathFactory) -> MakeOnce:
    """``make_once(name, fill)``: a folder that the first worker to ask for it fills, and all share."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base  # each worker has a folder in the same one

    def make(name: str, fill: Callable[[Path], object]) -> Path:
        folder, unfinished = shared / name, shared / f"{name}-unfinished"
        with alone(shared):
            if not folder.exists():
                shutil.rmtree(unfinished, ignore_errors=True)
                fill(unfinished)
                unfinished.rename(folder)  # one that failed is not taken for a whole one
        return folder

    return make


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
def run(make_once: MakeOnce) -> Path:
    """A trained run. Tests must not change it."""

    def train(folder: Path) -> None:
        threads = torch.get_num_threads()
        marl.train(copy.deepcopy(SMALL), out=folder)
        torch.set_num_threads(threads)

    return make_once("runs/small", train)
