"""``experiments/pettingzoo_learning.py``, with trainings that are only pretended."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import pettingzoo_learning as script
import pytest

from marl.training.run_config import complete_values, read_config, task_of


def test_each_seed_of_each_system_is_trained_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Returns of five seeds, of which the interquartile mean leaves out the outermost quarters: 2, 3 and 4 count."""
    calls: list[Any] = []

    def learn(more: float, lesson: script.Lesson, folder: Path, seed: int) -> dict[str, Any]:
        calls.append(seed)
        return {"4096": {"return": more + [9, 1, 2, 3, 4][seed], "cpu_seconds": seed, "peak_mb": 1000 * seed}}

    monkeypatch.setattr(script, "alone", lambda learn, *given: learn(*given))
    monkeypatch.setattr(script, "SYSTEMS", {"ours": partial(learn, 2.5), "theirs": partial(learn, 0.0)})
    monkeypatch.setattr(script, "random_return", lambda lesson: 0.5)
    lesson = script.Lesson("butterfly/pistonball-v6", (4096,))
    row = script.measure(lesson, tmp_path, range(5))
    assert row == script.measure(lesson, tmp_path, range(5))
    assert calls == [*range(5)] * 2
    titles, _, ours, theirs = (line.split(" | ") for line in script.table({"x": row}).splitlines())
    assert titles[3:5] == ["return per agent", "more than theirs"]
    assert ours[3].startswith("5.50 [") and ours[4].startswith("2.50 [")
    assert theirs[:3] == ["| `butterfly/pistonball-v6`", "4,096", "theirs"] and theirs[3].startswith("3.00 [")
    assert theirs[4:] == ["", "9.00, 1.00, 2.00, 3.00, 4.00", "0.50", "2", "4,000 |"]


def test_a_single_seed_has_no_interval() -> None:
    row = {"random": 0.5, "environment": "x"}
    row |= {system: {"1": {"9": {"return": 2.0, "cpu_seconds": 1}}} for system in script.SYSTEMS}
    assert [line.split(" | ")[3:5] for line in script.table({"x": row}).splitlines()[2:]] == [
        ["2.00", "0.00"],
        ["2.00", ""],
    ]


def test_every_row_can_be_trained() -> None:
    for lesson in script.LESSONS.values():
        values = script.run_settings(lesson)
        read_config(complete_values(values, task_of(values)))


def test_a_training_has_a_process_of_its_own() -> None:
    assert script.alone(os.getpid) != os.getpid()


class Walk:
    """Two agents for three steps, of whom the second gets 5 in the first and is then gone; a load moves 2 a step."""

    possible_agents = ("one", "other")

    def reset(self, seed: int) -> tuple[dict[str, int], dict[str, Any]]:
        self.agents, self.load = list(self.possible_agents), 10.0
        return dict.fromkeys(self.agents, 0), {}

    def step(self, actions: dict[str, int]) -> tuple[dict[str, int], dict[str, float], None, None, None]:
        self.load += 2
        rewards = {agent: 5.0 if agent == "other" else float(actions[agent]) for agent in self.agents}
        self.agents = ["one"] if self.load < 16 else []
        return dict.fromkeys(self.agents, 0), rewards, None, None, None


def test_returns_and_displacements_of_whole_episodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Actions of 1 in three steps and the other's 5 are 8 in all, 4 an agent."""
    monkeypatch.setattr(script, "worlds", lambda lesson: Walk())
    lesson = script.Lesson("walk", (1,), episodes=2, place=lambda env: env.load)
    assert script.played(lambda seen: dict.fromkeys(seen, 1), lesson) == {"return": 4.0, "displacement": 6.0}
    assert script.played(lambda seen: dict.fromkeys(seen, 1), script.Lesson("walk", (1,))) == {"return": 4.0}
