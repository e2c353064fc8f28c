from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.table import Table

from marl.cli.console import plain_console

Cli = Callable[..., tuple[int, str, str]]
ODD = "[/0.1] [bold]x[/bold] :smile: 5"


def test_what_would_be_markup_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    console, table = plain_console(), Table(ODD, title=ODD)
    table.add_row(ODD)
    console.print(ODD, soft_wrap=True)
    console.print(table)
    assert capsys.readouterr().out.count(ODD) == 4


@pytest.mark.parametrize("line", ["evaluate {} --episodes 1", "compare {} --out x.png", "train --resume {}"])
def test_a_folder_with_brackets_in_its_name_will_do(
    line: str, cli: Cli, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    shutil.copytree(run, tmp_path / "[" / "0.1]")
    status, out, err = cli(*line.format("[/0.1]").split())
    assert (status, err) == (0, "")
    assert "[/0.1]" in out or line.startswith("compare")
