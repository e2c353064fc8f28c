"""Drivers beside PettingZoo's own conversion, and by hand."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from counting_pettingzoo import Counting
from leaving_pettingzoo import Turns
from pettingzoo.utils.conversions import aec_to_parallel_wrapper

from marl.tasks.answers import AnswerError
from marl.tasks.pettingzoo.drivers import CycleDriver, ParallelDriver, driver_of

MPE2 = ("simple_world_comm_v3", "simple_reference_v3", "collect_treasure_v1")


@pytest.mark.parametrize("name", MPE2)
def test_cycles_are_those_of_pettingzoos_conversion(name: str) -> None:
    module = importlib.import_module(f"mpe2.{name}")
    driven, alone = driver_of(module.parallel_env(max_cycles=4)), module.parallel_env(max_cycles=4)
    assert isinstance(driven, CycleDriver)
    turn, (seen, _) = driven.reset(3), alone.reset(seed=3)
    rng = np.random.default_rng(0)
    for time in range(4):
        assert turn.observations.keys() == seen.keys()
        assert all(np.array_equal(turn.observations[agent], seen[agent]) for agent in seen)
        actions = {agent: int(rng.integers(alone.action_space(agent).n)) for agent in alone.agents}
        turn, (seen, rewards, terminated, truncated, infos) = driven.step(actions), alone.step(actions)
        assert (turn.rewards, turn.terminated, turn.truncated) == (rewards, terminated, truncated)
        assert (list(turn.present), turn.infos, turn.acting) == (alone.agents, infos, None)
        assert all(truncated.values()) == (time == 3)


def test_each_agent_of_a_cycle_is_observed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    env = importlib.import_module("mpe2.simple_spread_v3").parallel_env()
    observed, observe = [], env.unwrapped.observe
    monkeypatch.setattr(env.unwrapped, "observe", lambda agent: observed.append(agent) or observe(agent))
    driver = driver_of(env)
    driver.reset(0)
    driver.step(dict.fromkeys(env.possible_agents, 0))
    assert observed == ["agent_0", "agent_1", "agent_2"] * 2


def test_an_agent_of_turns_gets_what_came_since_its_last_move() -> None:
    """Moves of players 0, 1, 0, 2 give the others 1, 10, 1, 100; then all take what is left."""
    env = Turns()
    driver = driver_of(env)
    assert driver.takes_turns
    turns = [driver.reset(0), *(driver.step(dict.fromkeys(env.possible_agents, 0)) for _ in range(4))]
    assert [turn.acting for turn in turns] == ["p_0", "p_1", "p_0", "p_2", None]
    assert [dict(turn.rewards) for turn in turns] == [
        {"p_0": 0},
        {"p_1": 1},
        {"p_0": 10},
        {"p_2": 12},
        {"p_0": 100, "p_1": 101, "p_2": 0},
    ]
    assert [list(turn.observations) for turn in turns[:4]] == [["p_0"], ["p_1"], ["p_0"], ["p_2"]]
    assert turns[4].terminated == dict.fromkeys(env.possible_agents, True)
    assert list(turns[4].present) == []
    assert env.observed == [(0, "p_0"), (1, "p_1"), (2, "p_0"), (3, "p_2"), (4, "p_0"), (4, "p_1"), (4, "p_2")]


def test_a_cycle_out_of_order_is_refused() -> None:
    env = Turns(order=(0, 0))
    env.metadata = {"is_parallelizable": True}
    driver = driver_of(env)
    assert isinstance(driver, CycleDriver)
    driver.reset(0)
    with pytest.raises(AnswerError, match=r"selected p_0 where p_1 was to act, and says is_parallelizable"):
        driver.step(dict.fromkeys(env.possible_agents, 0))


def test_what_is_no_environment_of_pettingzoos_is_refused() -> None:
    with pytest.raises(ValueError, match=r"it makes a builtins\.dict; make a pettingzoo\.ParallelEnv or a"):
        driver_of({})


@pytest.mark.parametrize(
    ("name", "given", "words", "before"),
    [
        ("reset", {}, "no two values", "; it was written for PettingZoo before 1.23: take its newer version"),
        ("reset", None, "no two values", ""),
        ("step", ({},) * 4, "no five", "; it was written for PettingZoo before 1.22: take its newer version"),
        ("step", ({},) * 2, "no five", ""),
    ],
)
def test_answers_of_another_form_are_refused(name: str, given: Any, words: str, before: str) -> None:
    env = Counting()
    driver = driver_of(env)
    assert isinstance(driver, ParallelDriver) and not isinstance(env, aec_to_parallel_wrapper)
    driver.reset(0)
    setattr(env, name, lambda *arguments, **named: given)
    with pytest.raises(AnswerError, match=f"gave {words} .*PettingZoo's parallel {name} gives .*infos{before}$"):
        driver.reset(0) if name == "reset" else driver.step(dict.fromkeys("xyz", 0))


@pytest.mark.parametrize("cycles", [True, False])
def test_an_environment_of_dones_says_which_version_it_was_written_for(cycles: bool) -> None:
    env = Turns()
    env.metadata = {"is_parallelizable": cycles}
    reset = env.reset

    def as_before(**named: Any) -> None:
        reset(**named)
        del env.terminations, env.truncations
        env.dones = dict.fromkeys(env.possible_agents, False)

    env.reset = as_before  # type: ignore[method-assign]
    with pytest.raises(AnswerError, match=r"has no terminations after its reset; .* PettingZoo before 1\.22: take"):
        driver_of(env).reset(0)
