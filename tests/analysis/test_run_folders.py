from __future__ import annotations

from pathlib import Path

import pytest

from marl.analysis.run_folders import run_folders
from marl.core.errors import FileError


def test_runs_are_found_in_a_folder_and_below_sorted(tmp_path: Path) -> None:
    for name in ("b/seed-2", "b/seed-1", "a", "b/notes", "a/checkpoints/000000000064", "a/inner"):
        (tmp_path / name).mkdir(parents=True)
        if name != "b/notes":
            (tmp_path / name / "config.yaml").touch()
    (tmp_path / "b" / "round").symlink_to(tmp_path)
    assert run_folders(tmp_path) == [tmp_path / name for name in ("a", "a/inner", "b/seed-1", "b/seed-2")]
    assert run_folders(tmp_path / "b" / "notes") == run_folders(tmp_path / "nowhere") == []


def test_a_folder_of_everything_is_not_searched_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        (tmp_path / str(number)).mkdir()
    monkeypatch.setattr("marl.analysis.run_folders.MOST_FOLDERS", 6)
    assert run_folders(tmp_path) == []
    monkeypatch.setattr("marl.analysis.run_folders.MOST_FOLDERS", 5)
    with pytest.raises(FileError, match=f"{tmp_path} has more than 5 folders below; name one that is closer"):
        run_folders(tmp_path)
