from __future__ import annotations

import io

from rich.console import Console

from marl.cli.progress_bars import Watcher, note_of
from marl.training.progress import Progress

SOLVED = "Solved in 1 runs, 101 total runs (17 env steps)"


def test_that_the_task_is_solved_is_told_once() -> None:
    text = io.StringIO()
    with Watcher(Console(file=text), 100) as watch:
        watch(Progress(10, 100, 1.0, {}))
        watch(Progress(20, 100, 1.0, {}, SOLVED))
        watch(Progress(30, 100, 1.0, {}, SOLVED))
    assert text.getvalue().splitlines()[1:] == [SOLVED]


def test_what_was_solved_before_is_not_told_again() -> None:
    text = io.StringIO()
    with Watcher(Console(file=text), 100, solved_told=True) as watch:
        watch(Progress(30, 100, 1.0, {}, SOLVED))
    assert len(text.getvalue().splitlines()) == 1


def test_the_last_word_is_told_wherever_training_ends() -> None:
    text = io.StringIO()
    with Watcher(Console(file=text), 100) as watch:
        for env_steps in (10, 20, 30):
            watch(Progress(env_steps, 100, 1.0, {}, finished=env_steps == 30))
    assert [line.split("  ")[1] for line in text.getvalue().splitlines()] == ["10 env steps", "30 env steps"]


def test_returns_and_scores_are_shown() -> None:
    metrics = {"return/agent": 20.0, "score/mean_100": 21.25, "score/minimum_100": 9.0, "score/episodes": 7.0}
    shown = "20 env steps  5 per second  return/agent 20.0  score/mean_100 21.2  score/minimum_100 9.0"
    assert note_of(Progress(20, 100, 5.0, metrics)) == shown
