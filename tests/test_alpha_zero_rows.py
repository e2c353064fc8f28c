"""``experiments/alpha_zero.py``: its rows, and one that is trained and measured for a moment."""

from __future__ import annotations

from pathlib import Path

import alpha_zero as script
import pytest


def test_every_row_can_be_trained() -> None:
    for lesson in script.LESSONS.values():
        script.config_of(lesson, 1)


def test_rows_of_three_minutes_differ_in_what_they_turn_on() -> None:
    """Off are no random moves, no archive, and the whole of the outcome."""
    found = {}
    for name in ("brief", "brief_openings", "brief_archive", "brief_mix", "brief_all"):
        config = script.config_of(script.LESSONS[name], 1)
        settings = config.algorithm.self_play
        found[name] = (settings.random_moves, settings.archive_share, settings.outcome_share)
        assert config.env.name == "nine_board" and config.total_env_steps == script.BRIEF["total_env_steps"]
    assert list(found.values()) == [(0, 0, 1), (4, 0, 1), (0, 0.5, 1), (0, 0, 0.5), (4, 0.5, 0.5)]


def test_a_row_is_trained_and_measured_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"total_env_steps": 1, "num_copies": 4, "rollout_length": 20, "algorithm.search.simulations": 1}
    row = {"short": script.Lesson("tic_tac_toe_alpha_zero", ("random",), few)}
    monkeypatch.setattr(script, "LESSONS", row)
    monkeypatch.setattr(script, "judged_games", lambda: ())
    first = script.measure("short", tmp_path, (3,), 2)
    (tmp_path / "short" / "seed-3").rename(tmp_path / "elsewhere")
    assert script.measure("short", tmp_path, (3,), 2) == first
    told = first["seeds"]["3"]
    assert told["env_steps"] == 80 and told["points"].keys() == {"random"}
    assert f"| short | 80 | {told['cpu_seconds']:.0f} | random |" in script.table({"short": first})
    assert not (tmp_path / "short" / "seed-3").exists()
