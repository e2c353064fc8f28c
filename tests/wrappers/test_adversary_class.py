from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mpe2 import simple_spread_v3, simple_tag_v3

from marl.wrappers.adversary_class import AdversaryClass
from marl.wrappers.communication_graph import CommunicationGraph


def make(**options: Any) -> AdversaryClass:
    return simple_tag_v3.parallel_env(num_adversaries=4, num_good=1, num_obstacles=2, **options)


def test_classes_are_given_in_order_and_widths_differ() -> None:
    plain, env = make(), AdversaryClass(make(), {"B": 1, "A": 3})
    assert env.class_of == {"adversary_0": "A", "adversary_1": "A", "adversary_2": "A", "adversary_3": "B"}
    # own 4, two landmarks 4 or one prey 4, one-hot 2; prey as before
    wider = AdversaryClass(make(), {"A": 2, "D": 2}, {"A": ("landmarks",), "D": ("prey", "teammates")})
    widths = {agent: wider.observation_space(agent).shape[0] for agent in wider.possible_agents}
    assert widths == {"adversary_0": 10, "adversary_1": 10, "adversary_2": 22, "adversary_3": 22, "agent_0": 16}
    assert wider.observation_space("adversary_0") is wider.observation_space("adversary_0")
    prey, _ = env.reset(seed=2)
    np.testing.assert_array_equal(prey["agent_0"], plain.reset(seed=2)[0]["agent_0"])


def test_features_come_from_mpe2s_own_observation() -> None:
    plain, env = make(), AdversaryClass(make())
    flat, seen = plain.reset(seed=5)[0], env.reset(seed=5)[0]
    for _ in range(5):
        action = dict.fromkeys(env.agents, 2)
        flat, seen = plain.step(action)[0], env.step(action)[0]
    # mpe2: velocity, position, landmarks relative, three teammates and the prey relative, velocity of the prey
    own = flat["adversary_1"]
    expected = [*own[2:4], *own[:2], *own[4:8], 1, 0]
    np.testing.assert_allclose(seen["adversary_1"], expected, atol=1e-6)
    own = flat["adversary_2"]
    expected = [*own[2:4], *own[:2], *own[14:16], *(own[16:18] - own[:2]), 0, 1]
    np.testing.assert_allclose(seen["adversary_2"], expected, atol=1e-6)


def test_prey_beyond_the_radius_is_not_seen() -> None:
    plain, env = make(), AdversaryClass(make(), {"C": 4}, {"C": ("prey:1@1.6",)})
    flat, seen = plain.reset(seed=5)[0], env.reset(seed=5)[0]
    told = set()
    for name in env.class_of:
        offset = flat[name][14:16]
        there = bool(np.linalg.norm(offset) <= 1.6)
        np.testing.assert_allclose(seen[name][4:6], offset * there, atol=1e-6)
        assert seen[name][8] == there
        told.add(there)
    assert told == {True, False}


def test_counted_sights_have_their_width_and_come_from_mpe2s_own_observation() -> None:
    classes = {"C": ("prey:2", "landmarks:1", "teammates:2")}
    plain, env = make(), AdversaryClass(make(), {"C": 4}, classes)
    flat, seen = plain.reset(seed=5)[0], env.reset(seed=5)[0]
    # own 4, two prey and two teammates of 5, a landmark of 3, the one-hot
    assert {env.observation_space(agent).shape for agent in env.possible_agents[:4]} == {(28,)}
    for _ in range(5):
        action = dict.fromkeys(env.agents, 2)
        flat, seen = plain.step(action)[0], env.step(action)[0]
    for name, own in ((f"adversary_{i}", flat[f"adversary_{i}"]) for i in range(4)):
        landmarks, mates = own[4:8].reshape(2, 2), own[8:14].reshape(3, 2)
        prey = [*own[14:16], *(own[16:18] - own[:2]), 1]
        landmark = [*min(landmarks, key=np.linalg.norm), 1]
        np.testing.assert_allclose(seen[name][:17], [*own[2:4], *own[:2], *prey, *[0] * 5, *landmark], atol=1e-6)
        # two teammates, 5 numbers each; mpe2 does not tell their velocity
        nearest = sorted(mates, key=np.linalg.norm)[:2]
        np.testing.assert_allclose(seen[name][17:27].reshape(2, 5)[:, :2], nearest, atol=1e-6)
        assert seen[name][27] == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"team": {"A": 2, "B": 3}}, "has 5 agents but the environment has 4 adversaries"),
        ({"team": {"A": 1}}, "has 1 agents but the environment has 4 adversaries"),
        ({"team": {"Z": 4}}, "class 'Z', which is not declared; declared are A, B"),
        ({"team": {"A": 0, "B": 0}}, "has no predators"),
        ({"classes": {"A": (), "B": ("prey",)}}, "class 'A' sees nothing"),
        ({"frame": "polar"}, "frame is 'polar'"),
    ],
)
def test_bad_input_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AdversaryClass(make(), **options)


def test_other_environments_are_refused() -> None:
    with pytest.raises(TypeError, match=r"is a mpe2\.simple_spread.*give mpe2.simple_tag_v3.parallel_env"):
        AdversaryClass(simple_spread_v3.parallel_env())
    with pytest.raises(TypeError, match=r"give mpe2.simple_tag_v3.parallel_env"):
        AdversaryClass(simple_tag_v3.env())


def test_classes_above_the_graph_are_refused() -> None:
    env = simple_tag_v3.parallel_env(num_adversaries=2, num_good=1)
    with pytest.raises(ValueError, match="ScriptedPrey, AdversaryClass, CommunicationGraph, TeamState"):
        AdversaryClass(CommunicationGraph(env), team={"A": 1, "B": 1})
