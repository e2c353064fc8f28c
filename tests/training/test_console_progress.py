from __future__ import annotations

import io
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from marl.system import console as consoles
from marl.training.console_progress import TrainingBar, note_of
from marl.training.progress import Progress

SOLVED = "Solved in 1 runs, 101 total runs (17 env steps)"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the bar sees."""
    now = [100.0]
    monkeypatch.setattr(consoles.time, "monotonic", lambda: now[0])
    return now


def begun(console: Console, solved: object = None) -> Any:
    """Bar of a run of 100 env steps, closed at the end of a block."""
    bar = TrainingBar(console)
    run: Any = SimpleNamespace(
        scores=SimpleNamespace(solved=solved), env_steps=0, config=SimpleNamespace(total_env_steps=100)
    )
    bar.on_start(run)
    return closing(bar)


def test_an_evaluation_is_shown_beside_the_share_that_is_trained(clock: list[float]) -> None:
    text, terminal = io.StringIO(), io.StringIO()
    for console in (Console(file=text), Console(file=terminal, force_terminal=True, width=100)):
        with begun(console) as bar:
            bar.on_iteration(Progress(30, 100, 1.0, {}))
            for _ in range(2):
                clock[0] += 6.0
                bar.on_evaluating(2, 5, 1200)
            bar.bar.bars.refresh()
    assert text.getvalue().splitlines()[1:] == ["evaluating: 2 of 5 episodes, 1,200 env steps"]
    assert " 30%" in terminal.getvalue().rpartition("evaluating: 2 of 5 episodes, 1,200 env steps")[0]


def test_that_the_task_is_solved_is_told_once() -> None:
    text = io.StringIO()
    with begun(Console(file=text)) as bar:
        bar.on_iteration(Progress(10, 100, 1.0, {}))
        bar.on_iteration(Progress(20, 100, 1.0, {}, SOLVED))
        bar.on_iteration(Progress(30, 100, 1.0, {}, SOLVED))
    assert text.getvalue().splitlines()[1:] == [SOLVED]


def test_what_was_solved_before_is_not_told_again() -> None:
    text = io.StringIO()
    with begun(Console(file=text), SOLVED) as bar:
        bar.on_iteration(Progress(30, 100, 1.0, {}, SOLVED))
    assert len(text.getvalue().splitlines()) == 1


def test_the_last_word_is_told_wherever_training_ends() -> None:
    text = io.StringIO()
    with begun(Console(file=text)) as bar:
        for env_steps in (10, 20, 30):
            bar.on_iteration(Progress(env_steps, 100, 1.0, {}, finished=env_steps == 30))
    lines = [line.strip().split("  ") for line in text.getvalue().splitlines()]
    assert [line[:-1] for line in lines] == [["10%", "0:01:30 left", "10 env steps"], ["30%", "30 env steps"]]


def test_returns_and_scores_are_shown() -> None:
    metrics = {"return/agent": 20.0, "score/mean_100": 21.25, "score/minimum_100": 9.0, "score/episodes": 7.0}
    shown = "score/mean_100 21.2  20 env steps  5 per second  return/agent 20.0  score/minimum_100 9.0"
    assert note_of(Progress(20, 100, 5.0, metrics)) == shown


def test_numbers_of_episodes_that_ended_long_ago_are_told_as_such() -> None:
    told = [note_of(Progress(20, 100, 5.0, metrics, stale=True)) for metrics in ({"return/agent": 20.0}, {})]
    assert told == [
        "20 env steps  5 per second  return/agent 20.0  no episode has ended since",
        "20 env steps  5 per second",
    ]


def test_events_of_each_class_stand_first() -> None:
    metrics = {"return/A": 30.0, "contacts/A": 1.25, "contacts/B": 3.0, "links/A": 2.0}
    shown = "contacts/A 1.2  contacts/B 3.0 per agent  20 env steps  5 per second  return/A 30.0"
    assert note_of(Progress(20, 100, 5.0, metrics, events=["contacts"])) == shown


def test_shares_won_stand_in_place_of_opposite_returns() -> None:
    metrics = {"return/player": 0.0, "won/player_0": 0.6, "won/player_1": 0.25}
    shown = "20 env steps  5 per second  won/player_0 0.600  won/player_1 0.250"
    assert note_of(Progress(20, 100, 5.0, metrics)) == shown
