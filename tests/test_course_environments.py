"""``experiments/course_environments.py``, with trainings that are only pretended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import course_environments as script
import pytest

from marl.core.files import save_json
from marl.training.field_paths import with_override
from marl.training.presets import settings_of
from marl.training.run_config import complete_values, read_config, save_config, task_of

LAKE = "frozen_lake_q_table"


def test_what_is_finished_is_neither_trained_nor_evaluated_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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


def test_every_row_names_a_preset_that_takes_its_changes() -> None:
    for lesson in script.LESSONS.values():
        values = settings_of(lesson.preset)
        values = complete_values(values, task_of(values))
        for name, value in lesson.changes.items():
            values = with_override(values, name.split("__"), value)
        read_config(values)


def test_the_command_says_what_a_row_changes() -> None:
    lesson = script.Lesson("a lake", LAKE, "1", 0.5, 30, {"env__arguments": {"is_slippery": False}})
    changed = "marl train frozen_lake_q_table --env.arguments '{'\"'\"'is_slippery'\"'\"': False}'"
    assert script.command(lesson, "lake", (1, 4)) == f"{changed} --out runs/lake --seeds 1,4"
