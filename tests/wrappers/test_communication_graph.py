from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mpe2 import simple_tag_v3

from marl.wrappers.communication_graph import CommunicationGraph
from marl.wrappers.mpe2_world import simple_tag_of


def make(**options: Any) -> CommunicationGraph:
    return CommunicationGraph(simple_tag_v3.parallel_env(num_adversaries=3, num_good=1, max_cycles=500), **options)


def adjacency(observations: dict[str, Any]) -> np.ndarray:
    return np.array([observations[f"adversary_{i}"]["adjacency"] for i in range(3)])


def test_graph_from_distances_by_hand() -> None:
    env = make(range=0.75)
    env.reset(seed=0)
    for agent, x in zip(simple_tag_of(env).world.agents, (0.0, 0.5, 1.2, -0.5), strict=True):
        agent.state.p_pos, agent.state.p_vel = np.array([x, 0.0]), np.array([0.1, 0.0])
    # all move on alike; nobody touches
    observations, *_ = env.step(dict.fromkeys(env.agents, 0))
    assert adjacency(observations).tolist() == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    own = observations["adversary_1"]["kinematics"]
    np.testing.assert_allclose(own, [0.51, 0.0, 0.075, 0.0], atol=1e-6)
    assert isinstance(observations["agent_0"], np.ndarray)


def test_links_are_lost_while_training_only() -> None:
    lossy, trained = make(link_loss=0.25), make(link_loss=0.25, training=False)
    kept = []
    for env in (lossy, trained):
        env.reset(seed=3)
        links = [adjacency(env.step(dict.fromkeys(env.agents, 0))[0]) for _ in range(400)]
        assert all((one == one.T).all() for one in links)
        kept.append(np.mean(links) * 9 / 6)
    # 1,200 independent pairs: standard error 0.0125
    assert abs(kept[0] - 0.75) < 0.05
    assert kept[1] == 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [({"range": -1}, "range is -1"), ({"nearest": 0}, "nearest is 0"), ({"link_loss": 2}, "link_loss is 2")],
)
def test_bad_input_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**options)
