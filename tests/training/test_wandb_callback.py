from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from stored_runs import logged

from marl.analysis.run_folders import run_folders
from marl.core.errors import ConfigError, TrainingError
from marl.training.train import train
from marl.training.wandb_callback import WandbCallback

State = dict[str, Any]


class Stand:
    """Stand-in of the package: runs that keep what is logged."""

    def __init__(self) -> None:
        self.runs: list[Any] = []

    def init(self, **settings: Any) -> Any:
        rows: list[dict[str, float]] = []
        ends: list[int] = []
        steps: dict[str, str] = {}
        run = SimpleNamespace(
            settings=settings,
            rows=rows,
            log=rows.append,
            ends=ends,
            finish=lambda exit_code=0: ends.append(exit_code),
            steps=steps,
            define_metric=lambda name, step_metric="": steps.update({name: step_metric}),
            summary={},
        )
        self.runs.append(run)
        return run


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Stand:
    stand = Stand()
    monkeypatch.setitem(sys.modules, "wandb", stand)  # type: ignore[arg-type]
    return stand


@pytest.fixture
def short(preset: State) -> State:
    return {**preset, "total_env_steps": 512, "evaluation_episodes": 1, "log_interval": 256}


def test_a_training_is_logged_over_env_steps_and_goes_on_under_the_same_name(
    stand: Stand, short: State, tmp_path: Path
) -> None:
    folder = tmp_path / "x"
    train({**short, "total_env_steps": 256}, folder, callbacks=[WandbCallback(project="tag", mode="offline")])
    train(None, folder, resume=True, total_env_steps=512, callbacks=[WandbCallback(project="tag")])
    first, second = stand.runs
    timeless = [{name: value for name, value in row.items() if not name.startswith("time/")} for row in first.rows]
    assert timeless == logged(folder)[:2]
    assert (first.settings["project"], first.settings["mode"], first.settings["name"]) == ("tag", "offline", "x")
    assert first.settings["config"]["algorithm"]["name"] == "ppo"
    assert first.settings["id"] == second.settings["id"] == (folder / "wandb_id.txt").read_text().strip()
    assert first.steps == {"env_steps": "", "*": "env_steps"}
    assert [row["env_steps"] for row in second.rows] == [512, 512]
    assert ([first.ends, second.ends], second.summary) == ([[0], [0]], {"finished": True})


def test_a_training_that_fails_is_marked_as_failed(stand: Stand, short: State, tmp_path: Path) -> None:
    short["algorithm"]["learning_rate"] = 1e38
    with pytest.raises(TrainingError, match="not finite"):
        train(short, tmp_path / "x", callbacks=[WandbCallback()])
    assert stand.runs[0].ends == [1]


def test_a_missing_package_is_named_before_anything_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ConfigError, match=r"needs the package wandb: pip install 'marl-teams\[loggers\]'"):
        WandbCallback()


@pytest.mark.skipif(importlib.util.find_spec("wandb") is None, reason="wandb is not installed")
def test_the_package_itself_takes_it_offline(short: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_SILENT", "true")
    callback = WandbCallback(project="tag", mode="offline")
    assert train({**short, "total_env_steps": 256}, tmp_path / "x", callbacks=[callback]).finished
    (written,) = (tmp_path / "x" / "wandb").glob("offline-run-*/run-*.wandb")
    assert b"evaluation/episode_length" in written.read_bytes()
    assert run_folders(tmp_path) == [tmp_path / "x"]  # though it keeps a config.yaml, too
