from __future__ import annotations

import io

import pytest
from rich.console import Console

from marl.cli.progress_bars import Counting
from marl.system import console as consoles


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the progress bars see."""
    now = [100.0]
    monkeypatch.setattr(consoles.time, "monotonic", lambda: now[0])
    return now


def test_without_a_terminal_a_line_is_printed_every_ten_seconds(clock: list[float]) -> None:
    text = io.StringIO()
    with Counting(Console(file=text), "games") as watch:
        for clock[0], done in ((105.0, 1), (110.0, 2), (115.0, 3), (120.5, 4)):
            watch(done, 9)
    assert text.getvalue().splitlines() == ["2 of 9 games", "4 of 9 games"]


def test_env_steps_are_told_where_things_end_late(clock: list[float]) -> None:
    text, terminal = io.StringIO(), io.StringIO()
    for console in (Console(file=text), Console(file=terminal, force_terminal=True, width=120)):
        with Counting(console, "episodes") as show:
            clock[0] += 11.0
            show(0, 100, 1200)
    assert text.getvalue() == "0 of 100 episodes, 1,200 env steps\n"
    assert "1,200 env steps" in terminal.getvalue()


def test_where_nobody_knows_how_many_there_will_be_only_those_done_are_told(clock: list[float]) -> None:
    text = io.StringIO()
    with Counting(Console(file=text), "steps") as show:
        clock[0] = 111.0
        show(7)
    assert text.getvalue() == "7 steps\n"
