from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from table_learning import STATES, make_learning

from marl.algorithms.configs import QLearningConfig, SarsaConfig, TableLearnerConfig
from marl.algorithms.kinds import make_learner
from marl.algorithms.q_learning import expected_value
from marl.core.errors import ConfigError
from marl.core.records import Observation, Rollout
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.maths.schedules import LogarithmicDecay


def shown(states: list[list[int]]) -> Observation:
    """States ``[T, B]`` of one agent as features ``[T, B, 1, 1]``."""
    features = torch.tensor(states)[:, :, None, None]
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
    roster = Roster((AgentClass("solo", 1, ActionSpec("discrete", 2), (STATES,)),), (3,))
    table, learner = make_learning(roster=roster)
    features = torch.zeros(1, 1, 3, 1, dtype=torch.int32)
    observation = Observation({"solo": features}, torch.tensor([[[True, False, True]]]))
    reward = torch.tensor([[[1.0, 1000.0, 3.0]]])
    metrics = learner.update(as_rollout(observation, reward=reward), 0.0)
    assert table.values("solo")[0].tolist() == [1, 0]
    assert metrics["value/td_error"] == 2


@pytest.mark.parametrize("kind", [QLearningConfig, SarsaConfig])
def test_turns_are_refused(kind: type[TableLearnerConfig], as_rollout: Callable[..., Rollout]) -> None:
    _, learner = make_learning(kind)
    seen = shown([[0]])
    with pytest.raises(ConfigError, match=r"table learns .* agents take turns.*; train dqn, ppo"):
        learner.update(as_rollout(replace(seen, acting=seen.alive)), 0.0)


def test_each_class_learns_its_own(as_rollout: Callable[..., Rollout]) -> None:
    spec = ActionSpec("discrete", 2)
    roster = Roster((AgentClass("A", 1, spec, (2,)), AgentClass("B", 1, spec, (3,))), (1, 1))
    table, learner = make_learning(roster=roster)
    features = {"A": torch.full((1, 1, 1, 1), 1), "B": torch.full((1, 1, 1, 1), 2)}
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


def test_rates_that_are_numbers_stay(lived: Callable[..., Rollout]) -> None:
    """With the rate 0.5 a value of 0 goes half the way to the reward of 1, and then half the rest."""
    table, _ = make_learning()
    learner = make_learner(table, QLearningConfig(learning_rate=0.5, exploration=0.25), 0)
    for share_done, value in ((0.0, 0.5), (0.9, 0.75)):
        metrics = learner.update(lived([[(0, 0, 1.0, 1)] * 3], terminated=[[True] * 3]), share_done)
        assert (metrics["optimiser/learning_rate"], table.exploration) == (0.5, 0.25)
        assert max(part.max().item() for part in table.state_dict().values()) == pytest.approx(value)


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
