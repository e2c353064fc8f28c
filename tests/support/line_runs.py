"""Runs in which walkers of `line_pettingzoo.Line` go where they are told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from line_pettingzoo import Line

import marl
from marl.policies.saved import load_policy, save_policy

__all__ = ["walkers"]

SHORT: dict[str, Any] = {
    "policy": {"encoder": {"hidden": [8]}},
    "algorithm": {"name": "ppo", "epochs": 1},
    "total_env_steps": 64,
    "num_copies": 4,
    "rollout_length": 8,
    "threads": 1,
}


@pytest.fixture(scope="session")
def walkers(make_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """Runs of `Line`: two seeds of three walkers that go right, natives of five that go left, and others."""

    def walk(folder: Path, bias: tuple[float, float], seed: int = 0, **arguments: Any) -> None:
        env = {"name": f"{Line.__module__}:Line", "arguments": arguments}
        policy = marl.train({"env": env, **SHORT, "seed": seed}, out=folder).policy
        *_, weight, last = policy.actors["walker"].parameters()
        weight.data.zero_()
        last.data = torch.tensor(bias)
        save_policy(folder / "policy", policy, load_policy(folder).environment)

    def train(folder: Path) -> None:
        right, left = (0.0, 99.0), (99.0, 0.0)
        for seed in (1, 2):
            walk(folder / f"x-{seed}", right, seed, walkers=3, steps=4)
        walk(folder / "natives/five", left, walkers=5, steps=4)
        walk(folder / "natives/unnamed", left, steps=4)
        walk(folder / "crowded", right, walkers=3, crowded=True)

    return make_once("runs/line", train)
