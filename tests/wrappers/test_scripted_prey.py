from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from mpe2 import simple_tag_v3
from torch import Tensor

from marl.wrappers.mpe2_world import get_state, read_world, set_state, simple_tag_of
from marl.wrappers.rules.prey import PreyNoise
from marl.wrappers.rules.world import World
from marl.wrappers.scripted_prey import ScriptedPrey


def make(
    prey: Any = "random",
    num_good: int = 2,
    continuous: bool = False,
    max_cycles: int = 10,
    noise: PreyNoise | None = None,
) -> ScriptedPrey:
    env = simple_tag_v3.parallel_env(
        num_adversaries=2, num_good=num_good, num_obstacles=0, max_cycles=max_cycles, continuous_actions=continuous
    )
    return ScriptedPrey(env, prey, noise)


def idle(env: Any) -> dict[str, int]:
    return {agent: env.action_space(agent).sample() * 0 for agent in env.agents}


def test_only_predators_are_agents() -> None:
    env = make()
    observations, infos = env.reset(seed=0)
    assert env.agents == env.possible_agents == list(observations) == list(infos) == ["adversary_0", "adversary_1"]
    while env.agents:
        result = env.step(idle(env))
        assert all(list(part) == env.possible_agents for part in result)
    assert result[3] == {"adversary_0": True, "adversary_1": True}
    assert result[2] == {"adversary_0": False, "adversary_1": False}


@pytest.mark.parametrize("continuous", [False, True])
def test_prey_do_what_the_rule_says(continuous: bool) -> None:
    env = make(lambda world, generator: torch.tensor([[2, 3]]), continuous=continuous)
    env.reset(seed=0)
    for agent, at in zip(simple_tag_of(env).world.agents, [(5, 5), (-5, 5), (0, 0), (3, 3)], strict=True):
        agent.state.p_pos = np.array(at, dtype=float)
    env.step(idle(env))
    # acceleration 4.0 over 0.1 s: right, and down
    expected = torch.tensor([[[0.0, 0.0], [0.0, 0.0], [0.4, 0.0], [0.0, -0.4]]], dtype=torch.float64)
    torch.testing.assert_close(read_world(env).velocity, expected)


def test_contacts_count_the_prey_that_each_predator_overlaps() -> None:
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


def test_a_rule_that_gives_no_actions_is_refused() -> None:
    env = make(lambda world, generator: torch.tensor([[5, 0]]))
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"gave \[\[5, 0\]\].*integers from 0 to 4 of shape \(1, 2\)"):
        env.step(idle(env))


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="prey is 'fly'; write one of random, still, flee"):
        make("fly")
    with pytest.raises(TypeError, match="prey is 3; write one of random"):
        make(3)


def moves(env: Any, episodes: int) -> list[int]:
    """For each episode the number of thrusts of its two prey, which stand apart from all else and mean to stay."""
    counts = []
    for _ in range(episodes):
        env.reset()
        for agent, at in zip(simple_tag_of(env).world.agents, [(50, 5), (-50, 5), (0, 0), (30, 3)], strict=True):
            agent.state.p_pos = np.array(at, dtype=float)
        counts.append(0)
        while env.agents:
            before = read_world(env).prey_velocity * 0.75
            env.step(idle(env))
            # damped by a quarter, then 0.4 along an axis if it thrusts; the speed limit only shortens that
            counts[-1] += int(((read_world(env).prey_velocity - before).abs() > 0.01).any(-1).sum())
    return counts


@pytest.mark.parametrize(("noise", "expected"), [(None, 0.0), (PreyNoise(0.5, 0.5), 0.4), (PreyNoise(1.0, 1.0), 0.8)])
@pytest.mark.parametrize("continuous", [False, True], ids=["discrete", "continuous"])
def test_prey_forget_their_rule_as_often_as_told(noise: PreyNoise | None, expected: float, continuous: bool) -> None:
    env = make("still", noise=noise, continuous=continuous, max_cycles=200)
    env.reset(seed=0)
    share = sum(moves(env, 2)) / (2 * 2 * 200)
    # of random actions four in five are thrusts; standard error at most 0.018
    assert share == pytest.approx(expected, abs=0.07 if expected else 0)


def test_how_often_is_drawn_for_each_episode() -> None:
    env = make("still", noise=PreyNoise(0.0, 1.0), max_cycles=100)
    env.reset(seed=3)
    kept, shares = [], []
    for _ in range(8):
        shares.append(moves(env, 1)[0] / 200)
        kept.append(get_state(env)["draws"]["ScriptedPrey"]["kept"].item())
    assert len(set(kept)) == 8
    assert all(0 <= probability <= 1 for probability in kept)
    # standard error of a share: 0.035
    assert shares == pytest.approx([0.8 * probability for probability in kept], abs=0.14)
    assert max(kept) - min(kept) > 0.4  # of 8 even draws all but 1 in 100 spread further


def test_how_often_is_kept_in_the_state() -> None:
    env, other = (make("flee", noise=PreyNoise(0.0, 1.0), max_cycles=20) for _ in range(2))
    env.reset(seed=1)
    for _ in range(3):
        env.step(idle(env))
    other.reset(seed=2)
    set_state(other, get_state(env))
    for _ in range(17):
        env.step(idle(env))
        other.step(idle(other))
        assert read_world(other).position.equal(read_world(env).position)


class Turning:
    """Prey that go right at the first step of an episode, and do nothing after it."""

    def __init__(self) -> None:
        self.fresh = torch.zeros(1, dtype=torch.bool)

    def __call__(self, world: World, generator: torch.Generator) -> Tensor:
        action = torch.where(self.fresh, 2, 0)[:, None].expand(-1, world.num_prey)
        self.fresh = torch.zeros_like(self.fresh)
        return action

    def begin(self, where: Tensor, generator: torch.Generator) -> None:
        self.fresh = self.fresh | where

    def state(self) -> dict[str, Tensor]:
        return {"fresh": self.fresh}

    def load_state(self, state: dict[str, Tensor]) -> None:
        self.fresh = state["fresh"]


def test_prey_with_a_memory_are_told_when_an_episode_begins() -> None:
    assert moves(make(Turning(), max_cycles=6), 3) == [2, 2, 2]


def test_prey_with_a_memory_are_part_of_the_state() -> None:
    env, other = (make(Turning()) for _ in range(2))
    env.reset(seed=0)
    fresh = get_state(env)
    assert fresh["opponents"] == {"ScriptedPrey": {"fresh": torch.tensor([True])}}
    other.reset(seed=1)
    other.step(idle(other))
    set_state(other, fresh)
    for agent, at in zip(simple_tag_of(other).world.agents, [(50, 5), (-50, 5), (0, 0), (30, 3)], strict=True):
        agent.state.p_pos = np.array(at, dtype=float)
    other.step(idle(other))
    expected = torch.tensor([[[0.4, 0.0], [0.4, 0.0]]], dtype=torch.float64)
    torch.testing.assert_close(read_world(other).prey_velocity, expected)
