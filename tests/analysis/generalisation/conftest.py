"""Runs of simple_tag that differ in what a test names, made of one trained run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from line_runs import walkers
from small_tag import small_env

from marl.analysis.generalisation.arms import TrainedRun, read_trained_run
from marl.policies.saved import load_policy, save_policy

__all__ = ["small_env", "walkers"]

Variant = Callable[..., TrainedRun]


@pytest.fixture
def variant(run: Path, tmp_path: Path) -> Variant:
    """Make a run: ``variant("x-1", seed=1, total_env_steps=7, env={"team": {"A": 1, "B": 1}})``."""

    def make(name: str, env: dict[str, Any] | None = None, scale: float = 1.0, **changed: Any) -> TrainedRun:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        values = yaml.safe_load((run / "config.yaml").read_text()) | changed
        values["env"] |= env or {}
        (folder / "config.yaml").write_text(yaml.safe_dump(values))
        saved = load_policy(run)
        for actor in saved.policy.actors.values():
            for parameter in actor.parameters():
                parameter.data *= scale
        save_policy(folder / "policy", saved.policy, values["env"])
        return read_trained_run(folder)

    return make
