"""Several players in one environment: sides, classes and single agents by name."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

import marl
from marl.core.errors import ConfigError
from marl.evaluation.episodes import EpisodeTable
from marl.evaluation.evaluate import outcomes

ENV = {"name": "mpe2.simple_tag_v3", "arguments": {"max_cycles": 10, "num_adversaries": 2}}
SMALL: dict[str, Any] = {
    "num_copies": 2,
    "rollout_length": 10,
    "evaluation_episodes": 1,
    "algorithm": {"minibatches": 1, "learning_rate": 0.1},
}


def trained(folder: Path, sides: Any, seed: int) -> Path:
    marl.train({"env": ENV, **SMALL, "sides": sides, "total_env_steps": 80, "seed": seed}, folder)
    return folder


@pytest.fixture
def both(make_once: Any) -> tuple[Path, Path]:
    """A run with a side for each class, and one in which all learn together."""
    one = make_once(
        "cast/sides", lambda folder: trained(folder, {"hunters": {"classes": ["adversary"]}, "agent": {}}, 1)
    )
    two = make_once("cast/together", lambda folder: trained(folder, {}, 2))
    return one, two


def test_others_may_play_a_side_a_class_or_an_agent(both: tuple[Path, Path]) -> None:
    """Who plays oneself changes nothing; agents that are given away play otherwise."""
    sides = str(both[0])
    own = marl.evaluate(sides, 4, deterministic=True)
    names = {name for name in own if name.startswith("return_per")}
    assert names == {"return_per_agent", "return_per_adversary", "return_per_class_agent", "return_per_hunters"}

    def told(**play: str) -> Any:
        return marl.evaluate(sides, 4, deterministic=True, play=play)["return_per_class_agent"]["mean"]

    expected = own["return_per_class_agent"]["mean"]
    assert told(hunters=sides) == told(agent_0=sides, adversary=sides) == expected
    assert told(agent_0="random") != expected


def test_a_run_is_played_by_several_others(both: tuple[Path, Path]) -> None:
    sides, together = map(str, both)
    apart = marl.evaluate(together, 4, deterministic=True, play={"adversary": sides, "agent": together})
    mixed = marl.evaluate(sides, 4, deterministic=True, play={"agent": together})
    assert apart["return_per_class_agent"] == mixed["return_per_class_agent"]
    assert apart["return_per_adversary"] == mixed["return_per_adversary"]


def test_a_function_of_ones_own_plays_a_side(both: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given what its agents see, and its actions are theirs: always to the left, velocity -1 in the end."""
    seen: list[Any] = []

    def left(observation: Any, generator: Any) -> Any:
        seen.append(observation.features)
        return {
            name: torch.ones(features.shape[:-1], dtype=torch.long) for name, features in observation.features.items()
        }

    own: Any = ModuleType("own_rules")
    own.left = left
    monkeypatch.setitem(sys.modules, "own_rules", own)
    marl.evaluate(both[1], 4, play={"adversary": "own_rules:left"})
    assert {tuple(features) for features in seen} == {("adversary",)}
    velocity = torch.stack([features["adversary"][..., :2] for features in seen])
    assert (velocity[9, ..., 0] < velocity[0, ..., 0]).float().mean() > 0.9  # but for collisions


def test_returns_of_agents_of_a_divided_class_are_told_apart(both: tuple[Path, Path]) -> None:
    told = marl.evaluate(str(both[1]), 2, play={"adversary_1": "random"})
    names = {name for name in told if name.startswith("return_per_")} - {"return_per_agent"}
    assert names == {"return_per_class_agent", "return_per_adversary_0", "return_per_adversary_1"}


@pytest.mark.parametrize(
    ("play", "message"),
    [
        ({"adversry": "random"}, "play names 'adversry'; did you mean adversary"),
        ({"agent": "nowhere"}, "play agent=nowhere: nowhere does not exist"),
        ({"adversary": "random", "adversary_0": "random"}, "play gives agents to 'adversary' and to 'adversary_0'"),
    ],
)
def test_who_cannot_play_is_refused(play: Any, message: str, both: tuple[Path, Path]) -> None:
    with pytest.raises(ConfigError, match=message):
        marl.evaluate(str(both[0]), 2, play=play)


def test_a_side_that_the_environment_plays_is_one_of_its_settings(run: Path) -> None:
    still = marl.evaluate(run, 2, target="still")
    assert marl.evaluate(run, 2, play={"target": "still"}) == still


def table(**returns: list[float]) -> EpisodeTable:
    numbers = {name: np.array(each) for name, each in returns.items()}
    return EpisodeTable(np.zeros(4), np.zeros(4), rival_returns=numbers)


def test_where_returns_are_opposite_wins_are_counted() -> None:
    told = {name: each.value for name, each in outcomes(table(x=[1, -1, 0, 2], y=[-1, 1, 0, -2])).items()}
    assert told == {"share_won_x": 0.5, "share_drawn": 0.25, "share_won_y": 0.25}
    assert outcomes(table(x=[1, -1, 0, 2], y=[-1, 1, 0, 2])) == {}
    assert outcomes(table(x=[0, 0], y=[0, 0])) == {}
    assert outcomes(table(x=[1, 0])) == {}
