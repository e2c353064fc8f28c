from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import mpe2.simple_spread_v3
import pytest
import torch
from meeting_config import MeetingConfig
from meeting_pettingzoo import MeetingParallel
from pydantic import ValidationError

import marl
from marl.core.errors import ConfigError
from marl.core.records import Observation
from marl.core.roster import ActionSpec, AgentClass, Plane, Roster
from marl.tasks.pettingzoo.config import LinksConfig
from marl.tasks.pettingzoo.environment import PettingZooEnvironment
from marl.tasks.pettingzoo.links import Links

SPREAD = {"name": "mpe2.simple_spread_v3", "arguments": {"max_cycles": 10, "local_ratio": 0.0}}
X, Y = AgentClass("X", 3, ActionSpec("discrete", 2)), AgentClass("Y", 2, ActionSpec("discrete", 2))
ROSTER = Roster((X, Y), (2, 2))


def links(**settings: Any) -> Links:
    return Links(LinksConfig(**settings), ROSTER)


def world() -> Observation:
    """Two X at (0, 0) and (3, 4), two Y at (0, 1) and (9, 9); one Y has left."""
    features = {"X": torch.tensor([[[7.0, 0, 0], [7, 3, 4]]]), "Y": torch.tensor([[[0.0, 1], [9, 9]]])}
    return Observation(features, torch.tensor([[True, True, True, False]]))


PLACES = {"X": (1, 2), "Y": (0, 1)}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [[0, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]]),
        (
            {"positions": PLACES, "range": 4.9},
            [[0, 0, 1, 0], [0, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]],
        ),  # 5, 1, 18**0.5
        ({"positions": PLACES, "nearest": 1}, [[0, 0, 1, 0], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]]),
        ({"positions": PLACES, "range": 1, "nearest": 2}, [[0, 0, 1, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]),
    ],
)
def test_agents_hear_those_who_are_near_and_there(settings: Any, expected: list[list[int]]) -> None:
    linked = links(**settings)
    seen = linked(world())
    assert seen.adjacency is not None
    assert seen.adjacency[0].int().tolist() == expected
    if settings:
        assert seen.kinematics is not None
        assert seen.kinematics[0].tolist() == [[0, 0], [3, 4], [0, 1], [9, 9]]
        assert linked.plane == Plane(2, 2)
    else:
        assert seen.kinematics is linked.plane is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"positions": [1, 2]}, "links.positions has column 2, but class 'Y' sees 2 features, counted from 0"),
        ({"positions": {"X": [0]}}, "links.positions has no columns for class 'Y'"),
        ({"positions": {"X": [0], "Y": [0, 1]}}, "give each class as many columns, one at least"),
        ({"positions": []}, "give each class as many columns, one at least"),
    ],
)
def test_columns_that_are_not_there_are_refused(settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        links(**settings)


def test_a_range_needs_positions() -> None:
    with pytest.raises(ValidationError, match=r"range is 2\.0, and positions is None; name the features"):
        LinksConfig(range=2)


@pytest.mark.parametrize("graph", [{}, {"positions": [2, 3], "range": 1.0}])
def test_messages_pass_in_any_environment_and_in_a_loop_of_ones_own(graph: Any, tmp_path: Path) -> None:
    """An agent's move depends on what another sees, in `predict` as in an evaluation."""
    policy = {"graph": {"kind": "gat"}, "encoder": {"hidden": [8]}}
    settings = {"env": {**SPREAD, "links": graph}, "policy": policy, "total_env_steps": 160, "num_copies": 2}
    marl.train({**settings, "rollout_length": 10, "evaluation_episodes": 1}, tmp_path / "x")
    trained = marl.load(tmp_path / "x")
    assert trained.has_messages
    env = mpe2.simple_spread_v3.parallel_env(max_cycles=10, local_ratio=0.0)
    total, episodes = 0.0, marl.evaluate(tmp_path / "x", 2, deterministic=True)
    for seed in episodes["episode_seeds"]:
        seen, _ = env.reset(seed=seed)
        state = None
        while env.agents:
            actions, state = trained.predict(seen, state, deterministic=True)
            seen, rewards, *_ = env.step(actions)
            total += sum(rewards.values()) / 3
    assert math.isclose(total / 2, episodes["return_per_agent"]["mean"], rel_tol=1e-6)
    if graph:  # who hears whom may be changed, not what is heard
        silent, apart = ({"deterministic": True, **change} for change in ({"messages": False}, {"links__range": 0.0}))
        alone = marl.evaluate(tmp_path / "x", 2, **silent)
        assert marl.evaluate(tmp_path / "x", 2, **apart)["return_per_agent"] == alone["return_per_agent"]
        assert alone["return_per_agent"] != episodes["return_per_agent"]
        with pytest.raises(
            ConfigError, match=r"^links.positions is \[0, 1\], but the policy was trained with \[2, 3\]"
        ):
            marl.evaluate(tmp_path / "x", 2, links__positions=[0, 1])
    seen_by_all = marl.make(tmp_path / "x").reset(0)
    heard = [trained.act(o, None).log_prob for o in (seen_by_all, seen_by_all.without_messages())]
    assert not heard[0].equal(heard[1])


def test_who_observes_an_adjacency_is_given_no_other() -> None:
    with pytest.raises(ValueError, match="links are given, but agents observe an adjacency; leave one out"):
        PettingZooEnvironment(
            lambda: MeetingParallel(MeetingConfig(team={"A": 2, "B": 0})), 1, lambda _: "A", ["A"], links=LinksConfig()
        )
