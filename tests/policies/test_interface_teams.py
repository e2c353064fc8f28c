"""Policies of teams in loops of one's own, beside the policy in its own environment, or by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from meeting_config import MeetingConfig
from meeting_pettingzoo import MeetingParallel

from marl.core.errors import Note
from marl.core.records import Memory, Observation
from marl.core.task import AgentSpaces
from marl.evaluation.access import load
from marl.policies.policy import Act, Policy
from marl.tasks.environment_config import find_spaces

MEETING = {"name": "meeting"}


def test_a_team_plays_as_in_its_own_environment(run: Path) -> None:
    policy = load(run, team="A=1,B=2")
    config = MeetingConfig(team={"A": 1, "B": 2})
    env = MeetingParallel(config)
    env.meeting.training = False
    observations, _ = env.reset(seed=3)
    meeting = env.meeting
    memory, state = policy.initial_memory(1, 3), None
    while env.agents:
        act = policy.act(meeting._observe(), memory)
        memory = act.memory
        needed = {
            agent: {name: each[name] for name in ("observation", "adjacency", "kinematics")}
            for agent, each in observations.items()
        }
        actions, state = policy.predict(needed, state, deterministic=True)
        assert list(actions) == ["walker_0", "walker_1", "walker_2"]
        assert list(actions.values()) == [*act.action["A"][0].tolist(), *act.action["B"][0].tolist()]
        assert state.keys.equal(memory.keys)
        observations, *_ = env.step(actions)
    assert policy.predict({}, state)[0] == {}


def test_a_team_that_was_trained_with_masks_is_told_that_they_are_left_out(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    masked = {name: replace(each, fields=(*each.fields, "action_mask")) for name, each in find_spaces(MEETING).items()}
    monkeypatch.setattr("marl.policies.interface.find_spaces", lambda settings: masked)
    policy, observations = load(run), met(4)
    with pytest.warns(Note, match="predict is given none: actions may be illegal; give action_mask=info"):
        policy.predict(observations)


def watched(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> list[Observation]:
    """What the policy will observe."""
    seen: list[Observation] = []
    act = policy.act

    def watch(observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        seen.append(observation)
        return act(observation, memory, generator)

    monkeypatch.setattr(policy, "act", watch)
    return seen


def test_agents_may_come_in_any_order(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adjacencies are in the order of the environment's agents, features class by class: 0 and 1, then 3 and 2."""
    policy, observations, given = load(run), met(4), find_spaces(MEETING)
    assert not isinstance(given, AgentSpaces)
    (order, seen) = ["walker_3", "walker_0", "walker_2", "walker_1"], watched(policy, monkeypatch)
    monkeypatch.setattr("marl.policies.interface.find_spaces", lambda settings: {name: given[name] for name in order})
    heard = {"walker_0": [1, 0, 0, 1], "walker_3": [0, 0, 1, 0]}
    turned = {name: {**observations[name], "adjacency": heard.get(name, [0, 0, 0, 0])} for name in order}
    actions, _ = policy.predict(turned, deterministic=True)
    assert list(actions) == order
    assert seen[0].adjacency is not None
    assert seen[0].adjacency[0].int().tolist() == [[0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    rows = {name: observations[name]["observation"].tolist() for name in order}
    assert seen[0].features["A"][0].tolist() == [rows["walker_0"], rows["walker_1"]]
    assert seen[0].features["B"][0].tolist() == [rows["walker_3"], rows["walker_2"]]


def test_those_who_left_take_no_part(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others act as a team of their own, and hear nobody who is not there."""
    policy, smaller = load(run), load(run, team="A=1,B=2")
    seen, observations = watched(policy, monkeypatch), met(4)
    del observations["walker_1"]
    first, state = policy.predict(observations, deterministic=True)
    second, _ = policy.predict({**observations, "walker_1": None}, state, deterministic=True)
    for each in seen:
        assert each.alive.tolist() == [[True, False, True, True]]
        assert each.adjacency is not None
        assert each.adjacency[0].int().tolist() == [[0, 0, 1, 1], [0, 0, 0, 0], [1, 0, 0, 1], [1, 0, 1, 0]]
    left = {"walker_0": "walker_0", "walker_2": "walker_1", "walker_3": "walker_2"}
    fewer = {
        new: {**observations[old], "adjacency": observations[old]["adjacency"][[0, 2, 3]]} for old, new in left.items()
    }
    same, state = smaller.predict(fewer, deterministic=True)
    assert first == {old: same[new] for old, new in left.items()}
    same, _ = smaller.predict(fewer, state, deterministic=True)
    assert second == {old: same[new] for old, new in left.items()}


def test_masks_of_a_team_are_by_agent(run: Path) -> None:
    policy, observations = load(run), met(4)
    masks = {"walker_1": np.eye(5, dtype=np.int8)[3]}
    observations["walker_2"]["action_mask"] = np.eye(5)[4]
    actions, _ = policy.predict(observations, action_mask=masks)
    assert (actions["walker_1"], actions["walker_2"]) == (3, 4)


def met(size: int) -> dict[str, dict[str, Any]]:
    """Observations of walkers who all hear each other."""
    env = MeetingParallel(MeetingConfig(team={"A": size // 2, "B": size - size // 2}))
    observations, _ = env.reset(seed=0)
    heard = 1 - np.eye(size, dtype=np.int8)
    return {agent: {**each, "adjacency": heard[i]} for i, (agent, each) in enumerate(observations.items())}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda seen: np.zeros(6), "observation is a ndarray; give a dictionary .*: walker_0, walker_1, "),
        (lambda seen: {**seen, "walker_7": 0}, "'walker_7' is unknown: did you mean .*team='A=3,B=1'"),
        (lambda seen: {"walker_0": seen["walker_0"]["observation"]}, "'walker_0' is given no 'adjacency'; .* zeros"),
        (
            lambda seen: {"walker_0": {**seen["walker_0"], "adjacency": [1, 1]}},
            r"adjacency has shape \(2,\); give \(4,\)",
        ),
        (lambda seen: {"walker_3": {**seen["walker_3"], "observation": [1.0]}}, r"'walker_3': list \[1.0\] is neither"),
        (lambda seen: {"walker_3": {**seen["walker_3"], "observation": np.zeros((1, 6))}}, "observations of one world"),
    ],
)
def test_what_a_team_cannot_be_given_is_named(change: Callable[[Any], Any], message: str, run: Path) -> None:
    with pytest.raises(ValueError, match=message):
        load(run).predict(change(met(4)))


def test_agents_that_hear_each_other_have_no_turns(run: Path) -> None:
    policy = load(run)
    with pytest.raises(ValueError, match=r"act together, .* all in one dictionary, without agent="):
        policy.predict(met(4)["walker_0"], agent="walker_0")
    with pytest.raises(ValueError, match="'player_0' is unknown: did you mean walker_0"):
        policy.predict(met(4)["walker_0"], agent="player_0")
