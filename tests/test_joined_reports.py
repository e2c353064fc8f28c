"""``experiments/joined_reports.py``: reports made apart give what one report of all would have."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import joined_reports as script
import pytest
from small_transfer import small_report


@pytest.fixture(scope="module")
def told() -> Any:
    """A report with natives of one of two cells. Tests must not change it."""
    return as_told(small_report())


def as_told(report: Any) -> Any:
    """Content of ``report.json``: lists where the record has tuples."""
    return json.loads(json.dumps(report.as_json()))


def without_natives(told: Any) -> Any:
    rest = copy.deepcopy(told)
    rest["policies"] = [each for each in rest["policies"] if each["kind"] != "native"]
    rest["results"] = [row for row in rest["results"] if row["kind"] != "native"]
    return rest


def test_taken_apart_and_joined_a_report_is_what_it_was(told: Any) -> None:
    again = as_told(script.joined(without_natives(told), [script.natives_alone(told)]))
    for part in ("protocol", "policies", "results", "aggregates", "improvements", "performance_profiles"):
        assert again[part] == told[part], part
    assert again["comparisons"] == [each for each in told["comparisons"] if each["kind"] != "reference"]


def test_natives_that_are_there_are_replaced(told: Any) -> None:
    new = copy.deepcopy(script.natives_alone(told))
    for row in new["results"]:
        if row["kind"] == "native":
            for measure in row["measures"].values():
                measure["per_seed"] = [2 * value for value in measure["per_seed"]]
    before, after = (as_told(script.joined(told, natives)) for natives in ([], [new]))
    ratios = [[each["ratio"]["value"] for each in found["comparisons"]] for found in (before, after)]
    assert ratios[1] == pytest.approx([value / 2 for value in ratios[0]])
    assert len(after["policies"]) == len(told["policies"])


@pytest.mark.parametrize("part", ["episodes", "seed", "prey"])
def test_reports_of_other_protocols_are_refused(told: Any, part: str) -> None:
    other = copy.deepcopy(script.natives_alone(told))
    other["protocol"][part] = 8
    with pytest.raises(SystemExit, match=f"{part} is .* in one report and 8 in another"):
        script.joined(told, [other])


def test_references_whose_intervals_are_apart_are_told(told: Any) -> None:
    """Scores may differ by what machines round."""
    other = copy.deepcopy(script.natives_alone(told))
    row = next(row for row in other["results"] if row["policy"] == "chase")
    row["measures"]["contacts_per_episode"]["ci95_over_episodes"] = [2.9, 4.0]
    script.joined(told, [other])
    row["measures"]["contacts_per_episode"]["ci95_over_episodes"] = [3.1, 4.0]
    with pytest.raises(SystemExit, match=r"chase, 1\+1, still: \(1.0, 3.0\) in one report, \(3.1, 4.0\) in another"):
        script.joined(told, [other])


def test_the_files_of_a_report_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script.main(out=tmp_path / "joined")
    assert {"report.json", "report.csv", "curves_fixed.png"} <= {path.name for path in (tmp_path / "joined").iterdir()}
    assert "| mixed | 10 | " in capsys.readouterr().out
