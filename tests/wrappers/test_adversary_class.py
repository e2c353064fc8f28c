import numpy as np
import pytest
from mpe2 import simple_spread_v3, simple_tag_v3

from wrappers.adversary_class import AdversaryClass
from wrappers.communication_graph import CommunicationGraph


def make(**options):
    return simple_tag_v3.parallel_env(num_adversaries=4, num_good=1, num_obstacles=2, **options)


def test_classes_are_given_in_order_and_widths_differ():
    plain, env = make(), AdversaryClass(make(), {"B": 1, "A": 3})
    assert env.class_of == {"adversary_0": "A", "adversary_1": "A", "adversary_2": "A", "adversary_3": "B"}
    # own 4, two landmarks 4 or one prey 4, one-hot 2; prey as before
    wider = AdversaryClass(make(), {"A": 2, "D": 2}, {"A": ("landmarks",), "D": ("prey", "teammates")})
    widths = {agent: wider.observation_space(agent).shape[0] for agent in wider.possible_agents}
    assert widths == {"adversary_0": 10, "adversary_1": 10, "adversary_2": 22, "adversary_3": 22, "agent_0": 16}
    assert wider.observation_space("adversary_0") is wider.observation_space("adversary_0")
    prey, _ = env.reset(seed=2)
    np.testing.assert_array_equal(prey["agent_0"], plain.reset(seed=2)[0]["agent_0"])


def test_features_come_from_mpe2s_own_observation():
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
def test_bad_input_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        AdversaryClass(make(), **options)


def test_other_environments_are_refused():
    with pytest.raises(TypeError, match=r"is a mpe2\.simple_spread.*give mpe2.simple_tag_v3.parallel_env"):
        AdversaryClass(simple_spread_v3.parallel_env())
    with pytest.raises(TypeError, match=r"give mpe2.simple_tag_v3.parallel_env"):
        AdversaryClass(simple_tag_v3.env())


def test_classes_above_the_graph_are_refused():
    env = simple_tag_v3.parallel_env(num_adversaries=2, num_good=1)
    with pytest.raises(ValueError, match="ScriptedPrey, AdversaryClass, CommunicationGraph, TeamState"):
        AdversaryClass(CommunicationGraph(env), team={"A": 1, "B": 1})
