from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from counting_pettingzoo import Counting
from gymnasium import spaces

from marl.tasks.flat_observation import FlatObservation

FIELDS = ("entities", "action_mask", "adjacency")
"""In another order than that of the vector."""


def test_parts_stand_one_after_the_other_and_come_apart_again() -> None:
    """The second of two agents at the first step: index 1, time 0, no action; one legal action of two."""
    env = FlatObservation(Counting("xy", FIELDS, (2, 2)))
    observations, infos = env.reset(seed=0)
    vector = observations["y"]
    assert vector.dtype == np.float32
    assert vector.tolist() == [1, 0, -1, 1, 0, 1, 0, 0, 1, 2]  # own, action_mask, adjacency, entities
    assert env.observation_space("y").shape == (10,) and env.observation_space("y").contains(vector)
    assert infos == {"x": {}, "y": {}}
    layout = env.layouts["y"]
    assert layout.width == 10
    assert layout.shapes == {"observation": (3,), "action_mask": (2,), "adjacency": (2,), "entities": (3, 1)}
    parts = layout.unpack(torch.from_numpy(vector).expand(4, 1, 10))
    assert {name: part.shape for name, part in parts.items()} == {
        name: (4, 1, *shape) for name, shape in layout.shapes.items()
    }
    assert parts["adjacency"][3, 0].tolist() == [1, 0]
    assert parts["entities"][3, 0].tolist() == [[0], [1], [2]]


def test_numbered_observations_are_the_numbers() -> None:
    env = FlatObservation(Numbered("xy", sizes=(2, 2)))
    assert env.reset(seed=0)[0]["x"].tolist() == [0]
    assert env.step({"x": 0, "y": 0})[0]["y"].tolist() == [1]
    assert env.layouts["x"].shapes == {"observation": (1,)}


class Numbered(Counting):
    """Agents that observe the time as one of four numbers."""

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        return spaces.Discrete(4)

    def _observe(self, actions: dict[str, Any]) -> dict[str, Any]:
        return dict.fromkeys(self.agents, np.int64(self.time))


def test_only_numbers_of_infos_are_kept() -> None:
    env = FlatObservation(Counting("xy", sizes=(2, 2)))
    env.reset(seed=0)
    infos = env.step({"x": 0, "y": 1})[4]
    assert infos == {"x": {"score": 1.0}, "y": {"score": 1.0}}


def test_agents_that_leave_early_are_refused_by_name() -> None:
    env = FlatObservation(Counting(leaver="y"))
    env.reset(seed=0)
    env.step(dict.fromkeys("xyz", 0))
    with pytest.raises(ValueError, match=r"agents y left before the others, .*supersuit\.black_death_v3"):
        env.step(dict.fromkeys("xyz", 0))


class Lingering(Counting):
    """The last agent gets an observation at the step at which it leaves."""

    def step(self, actions: dict[str, Any]) -> tuple[Any, ...]:
        result = super().step(actions)
        self.agents.remove("z")
        return result


def test_so_are_those_that_see_the_step_at_which_they_leave() -> None:
    env = FlatObservation(Lingering())
    env.reset(seed=0)
    with pytest.raises(ValueError, match="agents z left before the others"):
        env.step(dict.fromkeys("xyz", 0))


def test_a_key_that_is_not_known_is_refused_with_those_there_may_be() -> None:
    known = "observation, action_mask, adjacency, kinematics, entities, entity_mask, auxiliary_target"
    with pytest.raises(ValueError, match=f"agent x observes 'smell'; beside one another there may be {known}"):
        FlatObservation(Counting(fields=("entities", "smell")))
