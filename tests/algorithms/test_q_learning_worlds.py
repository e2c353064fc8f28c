"""Q-learning and SARSA solve tasks of finitely many states, whose values are known."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
import torch
from table_learning import GAMMA, make_learning
from torch import Tensor

from marl.algorithms.configs import QLearningConfig, SarsaConfig, TableLearnerConfig
from marl.core.records import Observation, Step
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.tasks.gymnasium import GymnasiumEnvironment
from marl.training.collector import Collector

KINDS = [QLearningConfig, SarsaConfig]


class World:
    """Copies of a deterministic task of finitely many states, each shown as it is.

    Args:
        goes_to: ``[S, A]``, successors.
        reward: ``[S, A]``.
        ends: ``[S]``, True for states in which an episode terminates.
        first: states in one of which an episode begins.
        limit: steps after which it is cut.
    """

    device = torch.device("cpu")
    events: Mapping[str, str] = MappingProxyType({})
    metrics: Mapping[str, float] = MappingProxyType({})
    per_step: frozenset[str] = frozenset()
    numbered = False
    num_copies = 8

    def __init__(self, goes_to: Tensor, reward: Tensor, ends: Tensor, first: list[int], limit: int) -> None:
        self.goes_to, self.rewards, self.ends, self.first, self.limit = (
            goes_to,
            reward,
            ends,
            torch.tensor(first),
            limit,
        )
        states, actions = goes_to.shape
        self.roster = Roster((AgentClass("solo", 1, ActionSpec("discrete", actions), (states,)),), (1,))

    def reset(self, seed: int) -> Observation:
        self.generator = torch.Generator().manual_seed(seed)
        self.state, self.clock = self.begin(), torch.zeros(self.num_copies)
        return self.observe()

    def begin(self) -> Tensor:
        return self.first[torch.randint(len(self.first), (self.num_copies,), generator=self.generator)]

    def observe(self) -> Observation:
        return Observation({"solo": self.state[:, None, None]}, torch.ones(self.num_copies, 1, dtype=torch.bool))

    def step(self, action: dict[str, Tensor]) -> Step:
        place = self.state, action["solo"][:, 0]
        self.state, self.clock = self.goes_to[place], self.clock + 1
        terminated = self.ends[self.state]
        truncated = (self.clock >= self.limit) & ~terminated
        successor, over = self.observe(), terminated | truncated
        self.state, self.clock = torch.where(over, self.begin(), self.state), self.clock * ~over
        flags = (terminated[:, None], truncated[:, None])
        return Step(successor, self.observe(), self.rewards[place][:, None], *flags, {})


def trained(environment: Any, kind: type[TableLearnerConfig], iterations: int, **settings: Any) -> Tensor:
    """The table ``[S, A]`` after rollouts of 16 steps."""
    table, learner = make_learning(kind, environment.roster, **settings)
    collector = Collector(environment, 16, seed=1)
    for _ in range(iterations):
        learner.update(collector.collect(table).batch, 0.0)
    return table.values(environment.roster.classes[0].name)


@pytest.mark.parametrize("kind", KINDS)
def test_one_step_is_worth_its_reward(kind: type[TableLearnerConfig]) -> None:
    world = World(torch.ones(2, 2).long(), torch.tensor([[1.0, -2.0], [9, 9]]), torch.tensor([False, True]), [0], 9)
    values = trained(world, kind, 2, rate=1.0, epsilon=1.0)
    assert values[0].tolist() == [1, -2]


@pytest.mark.parametrize(("kind", "second"), [(QLearningConfig, 5.0), (SarsaConfig, 4.5)])
def test_a_reward_is_credited_two_steps_back(kind: type[TableLearnerConfig], second: float) -> None:
    """In state 1 action 0 brings 5 and action 1 brings 3; a quarter of the choices of SARSA's policy are the latter."""
    world = World(
        torch.tensor([[1, 2], [2, 2], [2, 2]]),
        torch.tensor([[0.0, 1], [5, 3], [9, 9]]),
        torch.tensor([False, False, True]),
        [0],
        9,
    )
    values = trained(world, kind, 60, rate=0.05 if kind is SarsaConfig else 1.0, epsilon=0.5)
    assert values[0].tolist() == pytest.approx([GAMMA * second, 1], abs=0.25 if kind is SarsaConfig else 1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_constant_reward_that_is_cut_is_worth_that_of_ever(kind: type[TableLearnerConfig]) -> None:
    """1 / (1 - gamma) = 10, not 1 + 0.9 + 0.81."""
    world = World(torch.zeros(1, 2).long(), torch.ones(1, 2), torch.tensor([False]), [0], 3)
    assert trained(world, kind, 30, rate=1.0, epsilon=1.0)[0].tolist() == pytest.approx([10, 10], abs=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_the_action_that_is_shown_is_learnt(kind: type[TableLearnerConfig]) -> None:
    ends = torch.tensor([False] * 4 + [True])
    world = World(torch.full((5, 4), 4), torch.eye(5)[:, :4], ends, [0, 1, 2, 3], 9)
    assert trained(world, kind, 20, rate=1.0, epsilon=0.5)[:4].equal(torch.eye(4))


def cliff() -> World:
    """Sutton and Barto's example 6.6: 4 rows of 12; the edge between start and goal sends back to the start at -100."""
    place = torch.arange(48)
    row, column = place // 12, place % 12
    moves = torch.tensor([[-1, 0], [0, 1], [1, 0], [0, -1]])
    goes_to = (row[:, None] + moves[:, 0]).clamp(0, 3) * 12 + (column[:, None] + moves[:, 1]).clamp(0, 11)
    falls = (goes_to > 36) & (goes_to < 47)
    return World(goes_to.where(~falls, 36), torch.where(falls, -100.0, -1.0), place == 47, [36], 1000)


def path(values: Tensor, world: World) -> list[int]:
    """States that the best actions lead through, from the start."""
    states = [36]
    while not world.ends[states[-1]] and len(states) < 40:
        states.append(int(world.goes_to[states[-1], values[states[-1]].argmax()]))
    return states


def test_q_learning_walks_along_the_cliff_and_sarsa_keeps_away() -> None:
    """While they explore, the edge (row 2) costs falls: SARSA's values know it, those of Q-learning do not."""
    world = cliff()
    shortest = path(trained(world, QLearningConfig, 150, epsilon=0.1, gamma=1.0), world)
    assert len(shortest) == 14 and set(shortest[1:-1]) == set(range(24, 36))
    safe = path(trained(world, SarsaConfig, 300, epsilon=0.1, gamma=1.0), world)
    assert safe[-1] == 47 and len(safe) > 14
    assert len(set(safe) & set(range(25, 35))) <= 2


def test_discrete_observations_of_gymnasium_are_states() -> None:
    """The goal of the lake is six steps away and brings 1 at the sixth."""
    lake = GymnasiumEnvironment("FrozenLake-v1", 16, {"is_slippery": False})
    values = trained(lake, QLearningConfig, 100, rate=1.0, epsilon=1.0)
    lake.close()
    assert values.shape == (16, 4)
    assert values[0].max().item() == pytest.approx(GAMMA**5)
    assert values[14].tolist()[2] == pytest.approx(1)
