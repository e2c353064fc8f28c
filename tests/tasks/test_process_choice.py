"""Numbers of processes by hand: a copy more in the slowest process against a message to each."""

from __future__ import annotations

import time
import warnings
from functools import partial
from typing import Any

import pytest
from leaving_pettingzoo import Leaving

from marl.core.errors import Note
from marl.tasks import process_choice
from marl.tasks.gymnasium_config import GymnasiumConfig
from marl.tasks.pettingzoo.config import PettingZooConfig
from marl.tasks.pettingzoo.environment import PettingZooEnvironment
from marl.tasks.process_choice import MESSAGE, fastest, make_with_processes


@pytest.mark.parametrize(
    ("messages", "copies", "most", "expected"),
    # of a step in messages: 8 copies of one take 8, 4 + 2, 3 + 3, 2 + 4; of ten 80, 42, 33, 24, and 8 processes 18
    [(1, 8, 4, 2), (10, 8, 4, 4), (10, 8, 8, 8), (10, 8, 1, 1), (0.1, 8, 8, 1), (1, 1, 1, 1)],
)
def test_a_process_more_pays_where_its_copies_cost_more_than_a_message(
    messages: float, copies: int, most: int, expected: int
) -> None:
    assert fastest(messages * MESSAGE, copies, most) == expected


class Slow(Leaving):
    """A millisecond a step."""

    def step(self, actions: dict[str, Any]) -> Any:
        time.sleep(0.001)
        return super().step(actions)


def make(asked: list[Any], num_copies: int, *others: Any) -> PettingZooEnvironment:
    asked.append((num_copies, *others))
    return PettingZooEnvironment(lambda: Slow(dies=dict.fromkeys("xyz", 9)), num_copies, lambda name: "A", ("A",))


def test_auto_measures_a_step_and_says_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """All copies together cost five milliseconds, and each one more."""
    monkeypatch.setattr(process_choice, "usable_cores", lambda: 3)
    monkeypatch.setattr(process_choice, "_seconds_of_a_step", lambda env: 0.005 + 0.001 * env.num_copies)
    asked: list[Any] = []
    settings = PettingZooConfig(name="slow", processes="auto", step_timeout=5)
    told = r"^env\.processes auto is 3: a step of one of 6 copies takes 1 ms, a message to a process 0\.15 ms, and"
    with pytest.warns(Note, match=told):
        make_with_processes(partial(make, asked), settings, 6, training=True, device="meta")
    assert asked == [(1, 1, None, "cpu"), (4, 1, None, "cpu"), (6, 3, 5.0, "meta")]


def test_a_step_is_measured_with_the_time_that_the_copies_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_choice, "STEPS", 3)
    assert process_choice._seconds_of_a_step(make([], 2)) >= 0.002


@pytest.mark.parametrize(
    ("copies", "processes", "training", "expected"),
    [(1, "auto", True, (1, 1, 5.0, "cpu")), (6, 2, True, (6, 2, 5.0, "cpu")), (6, 2, False, (6, 1, None, "cpu"))],
    ids=["a single copy", "given", "evaluation"],
)
def test_elsewhere_nothing_is_measured(copies: int, processes: Any, training: bool, expected: Any) -> None:
    asked: list[Any] = []
    settings = GymnasiumConfig(name="slow", processes=processes, step_timeout=5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_with_processes(partial(make, asked), settings, copies, training, "cpu")
    assert asked == [expected]
