from __future__ import annotations

from pathlib import Path

import pytest

from marl.system.launcher import program


@pytest.mark.parametrize(("found", "typed"), [("same", "marl"), ("other", "PATH"), (None, "PATH")])
def test_a_command_is_typed_by_name_if_that_finds_it(
    found: str | None, typed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "marl").touch()
    (tmp_path / "other").touch()
    places = {"same": str(tmp_path / "marl"), "other": str(tmp_path / "other"), None: None}
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setattr("shutil.which", lambda name: places[found])
    assert program("marl") == typed.replace("PATH", str(tmp_path / "marl"))
