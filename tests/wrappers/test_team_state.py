from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from mpe2 import simple_tag_v3

from marl.wrappers.adversary_class import AdversaryClass
from marl.wrappers.communication_graph import CommunicationGraph
from marl.wrappers.mpe2_world import simple_tag_of
from marl.wrappers.team_state import TeamState


def make() -> Any:
    return simple_tag_v3.parallel_env(num_adversaries=2, num_good=1, num_obstacles=1)


def test_entities_and_target_by_hand() -> None:
    env = TeamState(CommunicationGraph(AdversaryClass(make(), {"A": 1, "B": 1})))
    env.reset(seed=0)
    world = simple_tag_of(env).world
    for entity, at in zip(world.entities, [(0.0, 0.0), (2.0, 0.0), (1.0, -2.0), (5.0, 5.0)], strict=True):
        entity.state.p_pos = np.array(at)
    observations, *_ = env.step({"adversary_0": 2, "adversary_1": 0, "agent_0": 0})
    seen = observations["adversary_0"]
    # acceleration 3.0 over 0.1 s; positions move before velocities
    expected = [
        [0, 0, 0.3, 0, 1, 0, 0, 0],
        [2, 0, 0, 0, 0, 1, 0, 0],
        [1, -2, 0, 0, 0, 0, 1, 0],
        [5, 5, 0, 0, 0, 0, 0, 1],
    ]
    np.testing.assert_allclose(seen["entities"], expected, atol=1e-6)
    assert seen["entity_mask"].tolist() == [1, 1, 1, 1]
    np.testing.assert_allclose(seen["auxiliary_target"], [math.log(2), -math.log(3)], atol=1e-6)
    np.testing.assert_allclose(observations["adversary_1"]["auxiliary_target"], [-math.log(2), -math.log(3)], atol=1e-6)
    assert set(seen) == {"observation", "adjacency", "kinematics", "entities", "entity_mask", "auxiliary_target"}


def test_it_needs_classes() -> None:
    with pytest.raises(ValueError, match=r"CommunicationGraph gives .* no classes; wrap it in AdversaryClass"):
        TeamState(CommunicationGraph(make()))
