from __future__ import annotations

import io
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from marl.cli.many_progress import ManyProgress
from marl.launch.many_runs import PlannedRun
from marl.launch.standing import Standing
from marl.system import console
from marl.training.progress import Progress

ONE, FOUR, DONE = (
    PlannedRun(name, Path(name), SimpleNamespace(total_env_steps=1000), agents)  # type: ignore[arg-type]
    for name, agents in (("1+0", 1), ("4+0", 4), ("done", 1))
)
NEW = {ONE.name: Standing("new"), FOUR.name: Standing("stopped", 100), DONE.name: Standing("finished", 900)}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that lines and bars see."""
    now = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    return now


def at(env_steps: int) -> Progress:
    return Progress(env_steps, 1000, 5.0, {})


def test_without_a_terminal_a_line_every_thirty_seconds_tells_the_shares_and_the_remaining_time(
    clock: list[float],
) -> None:
    """Env steps of four agents cost 4 ** 1.5 = 8 times those of one: 1,000 + 8,000 + 1,000 in all.

    1,000 and 100 * 8 were done before and say nothing of the speed. After 10 seconds and 500 more the other 7,700 take
    154; after 60 and 3,700 more the other 4,500 take 73.
    """
    text = io.StringIO()
    with ManyProgress(Console(file=text, width=200, get_time=lambda: clock[0]), [ONE, FOUR, DONE], NEW) as progress:
        progress.begin(ONE)
        progress.begin(FOUR)
        clock[0] = 110.0
        progress.show(ONE, at(500))
        progress.tick()
        clock[0] = 130.0
        progress.tick()
        progress.tick()
        clock[0] = 160.0
        progress.show(FOUR, at(500))
        progress.tick()
    assert text.getvalue().splitlines() == [
        " 23%  1 of 3 finished, about 0:02:34 left, training 1+0 50%, 4+0 10%",
        " 55%  1 of 3 finished, about 0:01:13 left, training 1+0 50%, 4+0 50%",
    ]


def test_the_end_of_each_run_is_told_at_once_and_counted(clock: list[float]) -> None:
    """A run that is finished counts whole, though its scores ended it early."""
    text = io.StringIO()
    with ManyProgress(Console(file=text, width=200, get_time=lambda: 0.0), [ONE, FOUR, DONE], NEW) as progress:
        progress.begin(ONE)
        progress.show(ONE, at(500))
        progress.end(ONE, "finished")
        progress.begin(FOUR)
        progress.end(FOUR, "failed", " (status 1)")
        clock[0] = 130.0
        progress.tick()
    assert text.getvalue().splitlines() == [
        "1+0  500 env steps  5 per second  finished",
        "4+0  failed (status 1)",
        " 28%  2 of 3 finished, 1 failed, training ",
    ]


def test_a_terminal_shows_a_bar_for_all_and_one_for_each_run_that_trains(clock: list[float]) -> None:
    text = io.StringIO()
    with ManyProgress(Console(file=text, width=120, force_terminal=True), [ONE, FOUR, DONE], NEW) as progress:
        progress.begin(FOUR)
        progress.show(FOUR, at(600))
        clock[0] = 130.0
        progress.tick()
    assert re.search("all .* 1 of 3 finished", text.getvalue())
    assert re.search(r"4\+0 .* 60%.* 600 env steps  5 per second", text.getvalue())
    assert "training" not in text.getvalue()
