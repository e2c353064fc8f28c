"""FlatObservation: the order of its numbers, and training by SuperSuit's vector environments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import supersuit
from counting_pettingzoo import Counting
from gymnasium import spaces

from marl.wrappers import FlatObservation


def test_parts_stand_by_their_keys_and_shorter_vectors_end_in_zeros() -> None:
    """The second of two agents at the first step: index 1, time 0, no action; one legal action of two, or of four."""
    env = FlatObservation(Counting("xy", ("entities", "action_mask", "adjacency"), (2, 4)))
    observations, infos = env.reset(seed=0)
    assert infos == {"x": {}, "y": {}}
    # action_mask, adjacency, entities, observation
    assert observations["y"].tolist() == [1, 0, 0, 0, 1, 0, 0, 1, 2, 1, 0, -1]
    assert observations["x"].tolist() == [1, 0, 0, 1, 0, 1, 2, 0, 0, -1, 0, 0]
    assert all(env.observation_space(agent).contains(vector) for agent, vector in observations.items())


def test_supersuit_steps_copies_of_it() -> None:
    flat = FlatObservation(Counting("xy", ("adjacency",), (2, 2)))
    copies = supersuit.concat_vec_envs_v1(supersuit.pettingzoo_env_to_vec_env_v1(flat), 3, base_class="gymnasium")
    copies.reset(seed=0)
    for time in (1, 2):
        rows = copies.step(np.ones(6, np.int64))[0]
        # of x and y in three copies: adjacency, index, time, action
        assert rows.tolist() == [[0, 1, 0, time, 1], [1, 0, 1, time, 1]] * 3


def test_a_space_without_a_width_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    env: Any = Counting()
    env.spaces["y"] = (spaces.Sequence(spaces.Discrete(3)), spaces.Discrete(2))
    with pytest.raises(ValueError, match="observations of no fixed width cannot be flattened"):
        FlatObservation(env)
