from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from marl.core.errors import ConfigError
from marl.launch.sweep.evaluations import objective, objectives_so_far, read_evaluations, run_score

METRIC = "evaluation/return/all"


def write(folder: Path, *rows: dict[str, Any]) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "metrics.jsonl").write_text(text)


def test_evaluations_are_read_and_other_lines_left_out(tmp_path: Path) -> None:
    assert read_evaluations(tmp_path, METRIC) == []
    write(tmp_path, {"env_steps": 8, "return/all": 1.0}, {"env_steps": 9, METRIC: 2.0}, {"env_steps": 18, METRIC: 3.0})
    assert read_evaluations(tmp_path, METRIC) == [(9, 2.0), (18, 3.0)]


def test_a_metric_that_is_not_logged_is_refused_with_those_that_are(tmp_path: Path) -> None:
    write(tmp_path, {"env_steps": 9, METRIC: 2.0, "evaluation/episode_length": 3.0})
    with pytest.raises(ConfigError, match="did you mean evaluation/return/all") as error:
        read_evaluations(tmp_path, "evaluation/return/al")
    assert "evaluation/episode_length" in str(error.value)


def test_the_last_three_evaluations_count_and_not_the_best() -> None:
    """Interquartile mean of 2, 3, 5 and 90: the mean of 3 and 5."""
    assert run_score([(1, 90.0), (2, 1.0), (3, 2.0), (4, 3.0)]) == 2.0
    runs = [[(1, 90.0), (2, value - 1), (3, value), (4, value + 1)] for value in (2.0, 3.0, 90.0, 5.0)]
    assert objective(runs) == 4.0


def test_reports_go_seed_by_seed_and_leave_out_the_last() -> None:
    """Runs of 45 env steps with evaluations each 10; the first at the end is the fifth slot, of six a seed."""
    first = [(10, 1.0), (20, 2.0), (30, 3.0), (40, 4.0), (45, 5.0)]
    second = [(12, 10.0), (20, 20.0), (30, 30.0), (41, 40.0), (45, 50.0)]
    told = [(3, 2.0), (4, 3.0), (5, 4.0), (9, (4 + 20) / 2), (10, (4 + 30) / 2)]
    assert list(objectives_so_far([first, second], 45, 10)) == told
    assert list(objectives_so_far([first[:4], second], 45, 10)) == told[:2]  # the second trained sooner
    assert list(objectives_so_far([first, []], 45, 10)) == told[:3]
