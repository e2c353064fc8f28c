"""Run folders that were never trained: settings and logs written by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from marl.core.settings import replace_field
from marl.training.run_config import read_config, save_config

__all__ = ["MakeRun", "make_run"]

MakeRun = Callable[..., Path]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """A run with a log: ``points`` are pairs of env steps and the value of ``metric``."""

    def make(name: str, points: Sequence[tuple[float, float]], metric: str = "return/agent", **changes: Any) -> Path:
        values: dict[str, Any] = {"env": {"name": "CartPole-v1"}, "algorithm": {"name": "ppo"}}
        for field, value in changes.items():
            values = replace_field(values, field.split("__"), value)
        folder = tmp_path / name
        folder.mkdir(parents=True)
        save_config(read_config(values), folder / "config.yaml")
        lines = [json.dumps({"env_steps": x, metric: y, "loss/value": 1.0}) for x, y in points]
        (folder / "metrics.jsonl").write_text("\n".join([*lines, ""]))
        return folder

    return make
