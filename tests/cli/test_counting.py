from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.progress import TextColumn

from marl.cli import counting
from marl.cli.counting import Counting, ProgressBar


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the progress bars see."""
    now = [100.0]
    monkeypatch.setattr(counting.time, "monotonic", lambda: now[0])
    return now


def test_without_a_terminal_a_line_is_printed_every_ten_seconds(clock: list[float]) -> None:
    text = io.StringIO()
    with Counting(Console(file=text), "games") as watch:
        for clock[0], done in ((105.0, 1), (110.0, 2), (115.0, 3), (120.5, 4)):
            watch(done, 9)
    assert text.getvalue().splitlines() == ["2 of 9 games", "4 of 9 games"]


def test_the_first_line_can_come_at_once_and_the_last_in_any_case(clock: list[float]) -> None:
    text = io.StringIO()
    with ProgressBar(Console(file=text), (), 9, first_at_once=True) as bar:
        bar.update(1, "first")
        bar.update(2, "second")
        bar.update(3, "third", last=True)
    assert text.getvalue().splitlines() == ["first", "third"]


def test_a_terminal_shows_a_bar_with_its_fields_and_no_lines() -> None:
    text = io.StringIO()
    columns = (TextColumn("{task.completed:.0f} of {task.total}: {task.fields[note]}"),)
    with ProgressBar(Console(file=text, force_terminal=True), columns, 9, first_at_once=True, note="") as bar:
        bar.update(4, "a line", note="fast")
    assert "4 of 9: fast" in text.getvalue()
    assert "a line" not in text.getvalue()
