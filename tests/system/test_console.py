from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.progress import TextColumn
from rich.table import Table

from marl.system.console import ProgressBar, plain_console

ODD = "[/0.1] [bold]x[/bold] :smile: 5"


def test_what_would_be_markup_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    console, table = plain_console(), Table(ODD, title=ODD)
    table.add_row(ODD)
    console.print(ODD, soft_wrap=True)
    console.print(table)
    assert capsys.readouterr().out.count(ODD) == 4


def test_the_first_line_can_come_at_once_and_the_last_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    text = io.StringIO()
    with ProgressBar(Console(file=text), (), 9, first_at_once=True) as bar:
        bar.tell("[first]")
        bar.tell("second")
        bar.tell("third", last=True)
    assert text.getvalue().splitlines() == ["[first]", "third"]


def test_a_terminal_shows_a_bar_with_its_fields_and_no_lines() -> None:
    text = io.StringIO()
    columns = (TextColumn("{task.completed:.0f} of {task.total}: {task.fields[note]}"),)
    with ProgressBar(Console(file=text, force_terminal=True), columns, 9, first_at_once=True, note="") as bar:
        bar.update(4, note="fast")
        bar.tell("a line")
    assert "4 of 9: fast" in text.getvalue()
    assert "a line" not in text.getvalue()
