from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.progress import TextColumn

from marl.cli import progress_bars
from marl.cli.progress_bars import Counting, ProgressBar, Watcher, counted, note_of
from marl.training.progress import Progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the progress bars see."""
    now = [100.0]
    monkeypatch.setattr(progress_bars.time, "monotonic", lambda: now[0])
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


def test_things_are_counted_as_they_are_taken() -> None:
    seen: list[tuple[int, int]] = []
    things = counted("ab", 2, lambda *numbers: seen.append(numbers))
    assert next(things) == "a" and seen == []
    assert [*things] == ["b"] and seen == [(1, 2), (2, 2)]


def test_an_evaluation_is_shown_beside_the_share_that_is_trained(clock: list[float]) -> None:
    text, terminal = io.StringIO(), io.StringIO()
    for console in (Console(file=text), Console(file=terminal, force_terminal=True, width=100)):
        watcher = Watcher(console, 100)
        with watcher as watch:
            watch(Progress(30, 100, 1.0, {}))
            for _ in range(2):
                clock[0] += 6.0
                watcher.show_evaluation(2, 5, 1200)
            watcher.bar.bars.refresh()
    assert text.getvalue().splitlines()[1:] == ["evaluating: 2 of 5 episodes, 1,200 env steps"]
    assert " 30%" in terminal.getvalue().rpartition("evaluating: 2 of 5 episodes, 1,200 env steps")[0]


def test_the_first_line_can_come_at_once_and_the_last_in_any_case(clock: list[float]) -> None:
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
