from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
import torch
from torch import Tensor

from marl.algorithms.configs import QLearningConfig, SarsaConfig, TableLearnerConfig
from marl.algorithms.kinds import make_learner
from marl.algorithms.q_learning import TableLearner, expected_value
from marl.core.errors import ConfigError
from marl.core.records import Observation, Rollout, Step
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.maths.schedules import ExponentialDecay, LogarithmicDecay
from marl.policies.configs import TableConfig
from marl.policies.table import Table
from marl.tasks.gymnasium import GymnasiumEnvironment
from marl.training.collector import Collector

STATES = 4
RATE = 0.5
GAMMA = 0.9
KINDS = [QLearningConfig, SarsaConfig]


def always(value: float) -> ExponentialDecay:
    return ExponentialDecay(start=value, end=value, factor=1.0)


def make_learning(
    kind: type[TableLearnerConfig] = QLearningConfig,
    roster: Roster | None = None,
    rate: float = RATE,
    epsilon: float = 0.5,
    gamma: float = GAMMA,
) -> tuple[Table, TableLearner]:
    """A table of four states and two actions, and its learner."""
    roster = roster or Roster((AgentClass("solo", STATES, ActionSpec("discrete", 2)),), (1,))
    table = Table(roster, TableConfig())
    config = kind(gamma=gamma, learning_rate=always(rate), exploration=always(epsilon))
    return table, make_learner(table, config, 0)


def shown(states: list[list[int]]) -> Observation:
    """States ``[T, B]`` of one agent as features ``[T, B, 1, 4]``."""
    features = torch.eye(STATES)[torch.tensor(states)][:, :, None]
    return Observation({"solo": features}, torch.ones(features.shape[:3], dtype=torch.bool))


@pytest.fixture
def lived(as_rollout: Callable[..., Rollout]) -> Callable[..., Rollout]:
    """Transitions of some copies: (state, action, reward, successor) for each step and copy."""

    def make(steps: list[list[tuple[int, int, float, int]]], **given: Any) -> Rollout:
        column = lambda i: [[step[i] for step in row] for row in steps]  # noqa: E731
        flags = {
            name: torch.tensor(given.pop(name))[..., None] for name in ("terminated", "truncated") if name in given
        }
        return as_rollout(
            shown(column(0)),
            next_observation=shown(column(3)),
            action={"solo": torch.tensor(column(1))[..., None]},
            reward=torch.tensor(column(2), dtype=torch.float32)[..., None],
            **flags,
            **given,
        )

    return make


@pytest.mark.parametrize(
    ("kind", "flags", "value"),
    [
        (QLearningConfig, {}, 0.5 * (1 + 0.9 * 4)),
        (QLearningConfig, {"truncated": [[True]]}, 0.5 * (1 + 0.9 * 4)),
        (QLearningConfig, {"terminated": [[True]]}, 0.5 * 1),
        (SarsaConfig, {}, 0.5 * (1 + 0.9 * 3.5)),  # half greedily 4, half at random 3
        (SarsaConfig, {"truncated": [[True]]}, 0.5 * (1 + 0.9 * 3.5)),
        (SarsaConfig, {"terminated": [[True]]}, 0.5 * 1),
    ],
)
def test_a_single_step_by_hand(
    kind: type[TableLearnerConfig], flags: dict[str, Any], value: float, lived: Callable[..., Rollout]
) -> None:
    table, learner = make_learning(kind)
    table.values("solo")[1] = torch.tensor([2.0, 4.0])
    metrics = learner.update(lived([[(0, 1, 1.0, 1)]], **flags), 0.0)
    assert table.values("solo").tolist() == [[0, pytest.approx(value)], [2, 4], [0, 0], [0, 0]]
    assert metrics["value/td_error"] == pytest.approx(2 * value)
    assert metrics["loss/value"] == pytest.approx((2 * value) ** 2 / 2)


def test_steps_are_learnt_from_in_the_order_of_time(lived: Callable[..., Rollout]) -> None:
    """The second step's reward reaches the first state only when both steps are taken again."""
    table, learner = make_learning()
    rollout = lived([[(0, 0, 0.0, 1)], [(1, 0, 1.0, 2)]], terminated=[[False], [True]])
    learner.update(rollout, 0.0)
    assert table.values("solo")[:, 0].tolist() == [0, 0.5, 0, 0]
    learner.update(rollout, 0.0)
    assert table.values("solo")[:, 0].tolist() == pytest.approx([0.5 * 0.9 * 0.5, 0.75, 0, 0])


def test_copies_that_update_the_same_value_at_once_have_the_mean_of_their_targets(
    lived: Callable[..., Rollout],
) -> None:
    table, learner = make_learning()
    steps = [(0, 0, 1.0, 3), (0, 0, 3.0, 3), (0, 1, 8.0, 3), (2, 0, 6.0, 3)]
    learner.update(lived([steps, steps[:1] * 4], terminated=[[True] * 4] * 2), 0.0)
    assert table.values("solo").tolist() == [[0.5 * 1 + 0.5 * 1, 4], [0, 0], [3, 0], [0, 0]]


def test_agents_that_are_not_there_teach_nothing(as_rollout: Callable[..., Rollout]) -> None:
    roster = Roster((AgentClass("solo", STATES, ActionSpec("discrete", 2)),), (3,))
    table, learner = make_learning(roster=roster)
    features = torch.eye(STATES)[0].expand(1, 1, 3, STATES)
    observation = Observation({"solo": features}, torch.tensor([[[True, False, True]]]))
    reward = torch.tensor([[[1.0, 1000.0, 3.0]]])
    metrics = learner.update(as_rollout(observation, reward=reward), 0.0)
    assert table.values("solo")[0].tolist() == [1, 0]
    assert metrics["value/td_error"] == 2


def test_each_class_learns_its_own(as_rollout: Callable[..., Rollout]) -> None:
    spec = ActionSpec("discrete", 2)
    roster = Roster((AgentClass("A", 2, spec), AgentClass("B", 3, spec)), (1, 1))
    table, learner = make_learning(roster=roster)
    features = {"A": torch.eye(2)[1].expand(1, 1, 1, 2), "B": torch.eye(3)[2].expand(1, 1, 1, 3)}
    observation = Observation(features, torch.ones(1, 1, 2, dtype=torch.bool))
    learner.update(as_rollout(observation, reward=torch.tensor([[[2.0, 6.0]]])), 0.0)
    assert table.values("A").tolist() == [[0, 0], [1, 0]]
    assert table.values("B").tolist() == [[0, 0], [0, 0], [3, 0]]


def test_sarsa_takes_the_action_that_was_taken_next(lived: Callable[..., Rollout]) -> None:
    table, learner = make_learning(SarsaConfig)
    table.values("solo")[1] = torch.tensor([2.0, 4.0])
    learner.update(lived([[(0, 0, 1.0, 1)], [(1, 0, 0.0, 3)]]), 0.0)
    assert table.values("solo")[0, 0].item() == pytest.approx(0.5 * (1 + 0.9 * 2))


def test_sarsa_takes_no_action_of_another_episode(lived: Callable[..., Rollout]) -> None:
    table, learner = make_learning(SarsaConfig)
    table.values("solo")[1] = torch.tensor([2.0, 4.0])
    steps = [[(0, 0, 1.0, 1)], [(3, 0, 0.0, 3)]]
    learner.update(lived(steps, truncated=[[True], [False]], started=torch.tensor([[True], [True]])), 0.0)
    assert table.values("solo")[0, 0].item() == pytest.approx(0.5 * (1 + 0.9 * 3.5))


@pytest.mark.parametrize(("kind", "worth"), [(QLearningConfig, 2.0), (SarsaConfig, 2.0)])
def test_illegal_actions_are_worth_nothing(
    kind: type[TableLearnerConfig], worth: float, lived: Callable[..., Rollout]
) -> None:
    table, learner = make_learning(kind)
    table.values("solo")[1] = torch.tensor([2.0, 4.0])
    rollout = lived([[(0, 0, 0.0, 1), (2, 0, 1.0, 1)]], terminated=[[False, True]])
    mask = {"solo": torch.tensor([[[[True, False]], [[False, False]]]])}
    learner.update(replace(rollout, next_observation=replace(rollout.next_observation, action_mask=mask)), 0.0)
    assert table.values("solo")[:, 0].tolist() == pytest.approx([0.5 * 0.9 * worth, 2, 0.5, 0])


def test_the_value_of_an_epsilon_greedy_choice() -> None:
    values, epsilon = torch.tensor([1.0, 2.0, 6.0]), torch.tensor(0.3)
    assert expected_value(values, None, epsilon).item() == pytest.approx(0.3 * 3 + 0.7 * 6)
    legal = torch.tensor([True, True, False])
    assert expected_value(values, legal, epsilon).item() == pytest.approx(0.3 * 1.5 + 0.7 * 2)


def test_rates_fall_with_the_episodes_that_ended(lived: Callable[..., Rollout]) -> None:
    table, _ = make_learning()
    config = QLearningConfig(learning_rate=LogarithmicDecay(decay=1), exploration=LogarithmicDecay(decay=2, end=0))
    learner = make_learner(table, config, 0)
    assert table.exploration == 1
    never, once = [[False] * 3], [[True, False, True]]
    first = learner.update(lived([[(0, 0, 1.0, 1)] * 3] * 2, terminated=never + once), 0.0)
    assert (first["optimiser/learning_rate"], first["exploration"]) == (1, 1)
    assert table.exploration == pytest.approx(1 - 0.176091)  # 1 - log10(3 / 2)
    second = learner.update(lived([[(0, 0, 1.0, 1)] * 3], truncated=once), 0.5)
    assert second["optimiser/learning_rate"] == pytest.approx(1 - 0.477121)  # 1 - log10(3)
    state = learner.state()
    assert state == {"env_steps": 9, "updates": 3, "episodes": 4, "share_done": 0.5}
    learner.load_state({**state, "episodes": 9})
    third = learner.update(lived([[(0, 0, 1.0, 1)]]), 1.0)
    assert third["optimiser/learning_rate"] == 0.1


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
        self.roster = Roster((AgentClass("solo", states, ActionSpec("discrete", actions)),), (1,))

    def reset(self, seed: int) -> Observation:
        self.generator = torch.Generator().manual_seed(seed)
        self.state, self.clock = self.begin(), torch.zeros(self.num_copies)
        return self.observe()

    def begin(self) -> Tensor:
        return self.first[torch.randint(len(self.first), (self.num_copies,), generator=self.generator)]

    def observe(self) -> Observation:
        features = torch.eye(len(self.goes_to))[self.state][:, None]
        return Observation({"solo": features}, torch.ones(self.num_copies, 1, dtype=torch.bool))

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


def test_numbers_that_name_no_state_are_refused() -> None:
    pole = GymnasiumEnvironment("CartPole-v1", 2)
    with pytest.raises(ConfigError, match=r"bins is one_hot, but class 'agent' observes numbers such as \[-?0\.0"):
        trained(pole, QLearningConfig, 1)
    pole.close()


def test_discrete_observations_of_gymnasium_are_states() -> None:
    """The goal of the lake is six steps away and brings 1 at the sixth."""
    lake = GymnasiumEnvironment("FrozenLake-v1", 16, {"is_slippery": False})
    values = trained(lake, QLearningConfig, 100, rate=1.0, epsilon=1.0)
    lake.close()
    assert values.shape == (16, 4)
    assert values[0].max().item() == pytest.approx(GAMMA**5)
    assert values[14].tolist()[2] == pytest.approx(1)
