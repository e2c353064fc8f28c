"""PettingZoo's own checks for each wrapper and for all of them together."""

from __future__ import annotations

from typing import Any

import cloudpickle
import numpy as np
import pytest
from mpe2 import simple_tag_v3
from pettingzoo.test import parallel_api_test, parallel_seed_test

from marl import wrappers
from marl.wrappers import AdversaryClass, CommunicationGraph, FlatObservation, ScriptedPrey, TeamState

pytestmark = pytest.mark.filterwarnings("error")


def plain(continuous: bool) -> Any:
    return simple_tag_v3.parallel_env(
        num_adversaries=4, num_good=2, num_obstacles=2, max_cycles=25, continuous_actions=continuous
    )


STACKS = {
    "classes": AdversaryClass,
    "classes-absolute": lambda env: AdversaryClass(
        env, {"A": 1, "D": 3}, {"A": ("landmarks",), "D": ("prey", "teammates")}, "absolute"
    ),
    "graph": CommunicationGraph,
    "graph-lossy": lambda env: CommunicationGraph(env, range=1.0, nearest=2, link_loss=0.3),
    "prey-random": ScriptedPrey,
    "prey-still": lambda env: ScriptedPrey(env, "still"),
    "prey-flee": lambda env: ScriptedPrey(env, "flee"),
    "state": lambda env: TeamState(AdversaryClass(env)),
    "all": lambda env: TeamState(CommunicationGraph(AdversaryClass(ScriptedPrey(env)), 1.0, link_loss=0.2)),
    "flat": lambda env: FlatObservation(CommunicationGraph(AdversaryClass(env), 1.0, link_loss=0.2)),
    "all-prey-last": lambda env: ScriptedPrey(TeamState(CommunicationGraph(AdversaryClass(env), 1.0))),
}

each_stack = pytest.mark.parametrize("continuous", [False, True], ids=["discrete", "continuous"])
each_name = pytest.mark.parametrize("name", STACKS)


@each_stack
@each_name
def test_pettingzoo_checks(name: str, continuous: bool) -> None:
    parallel_api_test(STACKS[name](plain(continuous)), num_cycles=60)
    parallel_seed_test(lambda: STACKS[name](plain(continuous)), num_cycles=20)


@each_stack
@each_name
def test_spaces_hold_the_observations(name: str, continuous: bool) -> None:
    env = STACKS[name](plain(continuous))
    observations, _ = env.reset(seed=0)
    for time in range(30):
        for agent, observation in observations.items():
            space = env.observation_space(agent)
            assert space.contains(observation), (agent, time)
            if isinstance(observation, np.ndarray):
                assert observation.dtype == space.dtype == np.float32
            else:
                assert set(observation) == set(space.spaces)
                assert all(observation[key].dtype == space[key].dtype for key in observation)
        if not env.agents:
            observations, _ = env.reset()
        else:
            observations, *_ = env.step({agent: env.action_space(agent).sample() for agent in env.agents})


def trace(env: Any, steps: int) -> list[Any]:
    observations, _ = env.reset()
    seen = [observations]
    for time in range(steps):
        observations, rewards, *_, infos = env.step(dict.fromkeys(env.agents, time % 5))
        seen.append((observations, rewards, infos))
    return seen


@each_stack
@each_name
def test_a_seed_repeats_whole_episodes(name: str, continuous: bool) -> None:
    one, two, other = (STACKS[name](plain(continuous)) for _ in range(3))
    for env, seed in ((one, 7), (two, 7), (other, 8)):
        env.reset(seed=seed)
    seen = episodes(one)
    np.testing.assert_equal(seen, episodes(two))
    with pytest.raises(AssertionError):
        np.testing.assert_equal(seen, episodes(other))


def episodes(env: Any) -> list:
    """Two episodes with the same random actions each time; the second without a seed."""
    rng, seen = np.random.default_rng(0), []
    for _ in range(2):
        while env.agents:
            draws = {agent: (rng.integers(5), rng.random(5, np.float32)) for agent in env.agents}
            discrete = env.action_space(env.agents[0]).shape == ()
            seen.append(env.step({agent: draw[0] if discrete else draw[1] for agent, draw in draws.items()}))
        seen.append(env.reset())
    return seen


def test_a_pickled_copy_goes_on_alike() -> None:
    env = STACKS["all"](plain(continuous=False))
    env.reset(seed=4)
    # mpe2 builds itself anew when it is copied, so only the wrappers' draws are compared
    copied = cloudpickle.loads(cloudpickle.dumps(env))
    state = wrappers.get_state(env)
    copied.reset(seed=9)
    wrappers.set_state(copied, state)
    np.testing.assert_equal(trace(env, 24), trace(copied, 24))


def test_a_reset_without_a_seed_continues_the_streams() -> None:
    one, two = (STACKS["all"](plain(continuous=False)) for _ in range(2))
    one.reset(seed=1)
    two.reset(seed=1)
    first, second = trace(one, 20), trace(one, 20)
    np.testing.assert_equal(first, trace(two, 20))
    np.testing.assert_equal(second, trace(two, 20))
    with pytest.raises(AssertionError):
        np.testing.assert_equal(first, second)


def test_the_package_has_its_public_names_and_no_other() -> None:
    assert set(wrappers.__all__) <= set(dir(wrappers))
    assert all(getattr(wrappers, name).__name__ == name for name in wrappers.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Missing'"):
        _ = wrappers.Missing
