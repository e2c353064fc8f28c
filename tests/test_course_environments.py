"""``experiments/course_environments.py``, with trainings that are only pretended."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from marl.core.files import save_json
from marl.training.field_paths import with_override
from marl.training.presets import settings_of
from marl.training.run_config import complete_values, read_config, save_config, task_of

SCRIPT = Path(__file__).parents[1] / "experiments/course_environments.py"
LAKE = "frozen_lake_q_table"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("course_environments", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "course_environments", module)  # where dataclasses look for their annotations
    spec.loader.exec_module(module)
    return module


def test_what_is_finished_is_neither_trained_nor_evaluated_again(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    def train(preset: str, out: Path, resume: bool, seed: int, **changes: Any) -> None:
        calls.append((preset, seed, resume, changes))
        out.mkdir(parents=True, exist_ok=True)
        save_config(read_config({**settings_of(preset), "seed": seed}), out / "config.yaml")
        (out / "scores.csv").write_text("episode,score\n1,0.0\n2,1.0\n", encoding="utf-8")

    def evaluate(run: Path, episodes: int, deterministic: bool, max_steps: int) -> dict[str, Any]:
        calls.append((episodes, deterministic, max_steps))
        return {"return_per_agent": {"mean": float(run.name[-1])}}

    monkeypatch.setattr(script.marl, "train", train)
    monkeypatch.setattr(script.marl, "evaluate", evaluate)
    lesson = script.Lesson("a lake", LAKE, "1", 0.5, 30, {"gamma": 0.9})
    (tmp_path / "lake/seed-4/checkpoints").mkdir(parents=True)  # stopped before
    (tmp_path / "lake/seed-1").mkdir()
    save_json(tmp_path / "lake/seed-1/greedy.json", {"return_per_agent": {"mean": 1.0}})
    save_config(read_config(settings_of(LAKE)), tmp_path / "lake/seed-1/config.yaml")
    row = script.measure(lesson, tmp_path / "lake", (1, 4))
    assert calls == [(LAKE, 4, True, {"gamma": 0.9}), (30, True, 10_000)]
    assert (row["returns"], row["mean"], row["training_means"]) == ({"1": 1.0, "4": 4.0}, 2.5, [None, 0.5])
    script.measure(lesson, tmp_path / "lake", (1, 4))
    assert len(calls) == 2
    assert "| a lake | q_learning | " in script.table({"lake": row})


def test_every_row_names_a_preset_that_takes_its_changes(script: ModuleType) -> None:
    for lesson in script.LESSONS.values():
        values = settings_of(lesson.preset)
        values = complete_values(values, task_of(values))
        for name, value in lesson.changes.items():
            values = with_override(values, name.split("__"), value)
        read_config(values)


def test_the_command_says_what_a_row_changes(script: ModuleType) -> None:
    lesson = script.Lesson("a lake", LAKE, "1", 0.5, 30, {"env__arguments": {"is_slippery": False}})
    changed = "marl train frozen_lake_q_table --env.arguments '{'\"'\"'is_slippery'\"'\"': False}'"
    assert script.command(lesson, "lake", (1, 4)) == f"{changed} --out runs/lake --seeds 1,4"


def test_a_row_that_is_not_there_is_refused_with_the_names(script: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"--only names poker; there are .*taxi"):
        script.main(only=("poker",))


def test_a_row_that_needs_what_is_not_installed_is_left_out(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "LESSONS", {"moon": script.Lesson("a moon", LAKE, "1", 0.5, 30, needs="no_such_box")})
    monkeypatch.setattr(script, "measure", lambda *_: pytest.fail("it was measured"))
    script.main(out=tmp_path / "rows.json")
    assert "moon is left out: no_such_box is not installed" in capsys.readouterr().out
