"""Copies of a PettingZoo environment beside one that is stepped alone."""

from __future__ import annotations

import numpy as np

from marl.core.records import Observation

__all__ = ["expect"]


def expect(observation: Observation, copy: int, seen: dict) -> None:
    """One copy of an observation beside what the wrappers gave."""
    agents = list(seen.values())
    features = [*observation.features["A"][copy], *observation.features["B"][copy]]
    for i, agent in enumerate(agents):
        np.testing.assert_array_equal(features[i], agent["observation"])
        np.testing.assert_array_equal(observation.adjacency[copy, i], agent["adjacency"])
        np.testing.assert_array_equal(observation.kinematics[copy, i], agent["kinematics"])
        np.testing.assert_array_equal(observation.auxiliary_target[copy, i], agent["auxiliary_target"])
    np.testing.assert_array_equal(observation.entities[copy], agents[0]["entities"])
    np.testing.assert_array_equal(observation.entity_mask[copy], agents[0]["entity_mask"])
    assert observation.alive[copy].all()
