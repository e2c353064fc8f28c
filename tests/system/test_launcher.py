from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from marl.system.launcher import command_line, program


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


def test_a_line_can_be_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "my python" / "python"))
    line = command_line("marl", "train", "--resume", tmp_path / "$x y", "--env.classes", "{A: [it's]}")
    expected = [str(tmp_path / "my python" / "marl"), "train", "--resume", str(tmp_path / "$x y")]
    assert shlex.split(line) == [*expected, "--env.classes", "{A: [it's]}"]
