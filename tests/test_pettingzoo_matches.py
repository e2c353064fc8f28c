"""``experiments/pettingzoo_matches.py``, with trainings that are only pretended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pettingzoo_matches as script
import pytest

from marl.training.presets import settings_of
from marl.training.run_config import read_config, save_config


def test_each_seed_plays_each_match_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seed 1 gets 1 in the first match and 11 in the second, seed 3 gets 3 and 13."""
    calls: list[Any] = []

    def train(preset: str, out: Path, resume: bool, seed: int) -> None:
        calls.append((preset, seed, resume))
        out.mkdir(parents=True, exist_ok=True)
        save_config(read_config({**settings_of(preset), "seed": seed}), out / "config.yaml")

    def evaluate(run: Path, episodes: int, play: dict[str, str]) -> dict[str, Any]:
        calls.append((run.name, episodes, dict(play)))
        return {"return_per_prey": {"mean": float(run.name[-1]) + 10 * len(play)}}

    monkeypatch.setattr(script.marl, "train", train)
    monkeypatch.setattr(script.marl, "evaluate", evaluate)
    matches = {"both trained": {}, "prey random": {"prey": "random"}}
    encounter = script.Encounter("world_comm_sides", matches, ("return_per_prey",), 7)
    (tmp_path / "seed-3/checkpoints").mkdir(parents=True)  # stopped before
    row = script.measure(encounter, tmp_path, (1, 3))
    assert calls[:3] == [("world_comm_sides", 1, False), ("seed-1", 7, {}), ("seed-1", 7, {"prey": "random"})]
    assert calls[3] == ("world_comm_sides", 3, True)
    assert [row["matches"][title]["return_per_prey"]["mean"] for title in matches] == [2, 12]
    script.measure(encounter, tmp_path, (1, 3))
    assert len(calls) == 6
    assert "| prey random | 12.00 [11.00, 13.00] |" in script.table({"x": row})


def test_presets_and_matches_fit_each_other() -> None:
    """Sides of a row are those of its preset."""
    for row in script.ENCOUNTERS.values():
        config = read_config(settings_of(row.preset))
        named = {side for play in row.matches.values() for side in play}
        assert named == set(config.sides) or not config.sides
