import numpy as np
import pytest
import torch
from mpe2 import simple_tag_v3

from wrappers.mpe2_world import read_world, simple_tag_of
from wrappers.scripted_prey import ScriptedPrey


def make(prey="random", num_good=2, continuous=False, max_cycles=10):
    env = simple_tag_v3.parallel_env(
        num_adversaries=2, num_good=num_good, num_obstacles=0, max_cycles=max_cycles, continuous_actions=continuous
    )
    return ScriptedPrey(env, prey)


def idle(env):
    return {agent: env.action_space(agent).sample() * 0 for agent in env.agents}


def test_only_predators_are_agents():
    env = make()
    observations, infos = env.reset(seed=0)
    assert env.agents == env.possible_agents == list(observations) == list(infos) == ["adversary_0", "adversary_1"]
    while env.agents:
        result = env.step(idle(env))
        assert all(list(part) == env.possible_agents for part in result)
    assert result[3] == {"adversary_0": True, "adversary_1": True}
    assert result[2] == {"adversary_0": False, "adversary_1": False}


@pytest.mark.parametrize("continuous", [False, True])
def test_prey_do_what_the_rule_says(continuous):
    env = make(lambda world, generator: torch.tensor([[2, 3]]), continuous=continuous)
    env.reset(seed=0)
    for agent, at in zip(simple_tag_of(env).world.agents, [(5, 5), (-5, 5), (0, 0), (3, 3)], strict=True):
        agent.state.p_pos = np.array(at, dtype=float)
    env.step(idle(env))
    # acceleration 4.0 over 0.1 s: right, and down
    expected = torch.tensor([[[0.0, 0.0], [0.0, 0.0], [0.4, 0.0], [0.0, -0.4]]], dtype=torch.float64)
    torch.testing.assert_close(read_world(env).velocity, expected)


def test_contacts_count_the_prey_that_each_predator_overlaps():
    env = make("still")
    _, infos = env.reset(seed=0)
    assert infos == {"adversary_0": {}, "adversary_1": {}}
    # reach 0.125; the first predator is on both prey, the second on one: 0.12 and 0.13 away
    places = [(0.0, 0.0), (0.22, 0.0), (0.1, 0.0), (-0.03, 0.0)]
    for agent, at in zip(simple_tag_of(env).world.agents, places, strict=True):
        agent.state.p_pos = np.array(at)
    _, rewards, _, _, infos = env.step(idle(env))
    assert [info["contacts"] for info in infos.values()] == [2.0, 1.0]
    assert list(rewards.values()) == [30.0, 30.0]


def test_a_rule_that_gives_no_actions_is_refused():
    env = make(lambda world, generator: torch.tensor([[5, 0]]))
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"gave \[\[5, 0\]\].*integers from 0 to 4 of shape \(1, 2\)"):
        env.step(idle(env))


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="prey is 'fly'; write one of random, still, flee"):
        make("fly")
    with pytest.raises(TypeError, match="prey is 3; write one of random"):
        make(3)
