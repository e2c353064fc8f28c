"""``experiments/rows.py``."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from rows import kept, markdown, measured

from marl.core.reading import read_json

SETTINGS = {"taxi": SimpleNamespace(needs="gymnasium"), "moon": SimpleNamespace(needs="no_such_box")}


def test_a_row_that_is_not_there_is_refused_with_the_names(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"--only names poker; there are taxi, moon"):
        measured(SETTINGS, lambda name: {}, ("poker",), tmp_path / "rows.json")


def test_rows_that_are_not_measured_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another was measured where its module was there; a third is in the file no more, as its settings are gone."""
    (tmp_path / "rows.json").write_text('{"moon": {"mean": 3}, "poker": {"mean": 4}}', encoding="utf-8")
    rows = measured(SETTINGS, lambda name: {"name": name}, (), tmp_path / "rows.json")
    assert list(rows.items()) == [("taxi", {"name": "taxi"}), ("moon", {"mean": 3})]
    assert read_json(tmp_path / "rows.json") == rows
    assert "moon is left out: no_such_box is not installed" in capsys.readouterr().out


def test_what_is_kept_is_made_once(tmp_path: Path) -> None:
    made = iter([{"mean": 1}, {"mean": 2}])
    assert [kept(tmp_path / "new" / "one.json", lambda: next(made)) for _ in range(2)] == [{"mean": 1}] * 2


def test_a_table_in_markdown() -> None:
    assert markdown(["seed", "mean"], [["1", "0.5"]]) == "| seed | mean |\n| --- | --- |\n| 1 | 0.5 |"
