"""PettingZooEnvironment: what agents see and do, in an environment that counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from counting_pettingzoo import Counting
from gymnasium import spaces

from marl.core.errors import EnvironmentFailedError
from marl.tasks.pettingzoo.environment import PettingZooEnvironment
from marl.tasks.pettingzoo.team import AgentView


def counting(class_of: str = "xy", num_copies: int = 2, **options: Any) -> PettingZooEnvironment:
    return PettingZooEnvironment(lambda: Counting(**options), num_copies, lambda name: class_of, (class_of,))


def test_agents_are_ordered_class_by_class() -> None:
    factory = lambda: Counting(fields=("adjacency", "entities", "entity_mask"))  # noqa: E731
    env = PettingZooEnvironment(factory, 2, {"x": "B", "y": "A", "z": "B"}, ("A", "B"))
    observation = env.reset(0)
    # in order y, x, z; x hears y, y hears z, z hears x
    assert observation.features["A"][0].tolist() == [[1, 0, -1]]
    assert observation.features["B"][0].tolist() == [[0, 0, -1], [2, 0, -1]]
    assert observation.adjacency[1].int().tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    assert observation.entities[0].flatten().tolist() == [1, 0, 2, 3]
    assert observation.entity_mask[0].tolist() == [True, False, True, True]
    step = env.step({"A": torch.tensor([[1], [0]]), "B": torch.tensor([[0, 1], [1, 0]])})
    assert step.observation.features["A"][:, 0].tolist() == [[1, 1, 1], [1, 1, 0]]
    assert step.observation.features["B"][:, :, 2].tolist() == [[0, 1], [1, 0]]


def test_infos_of_a_reset_do_not_hide_those_of_the_last_step() -> None:
    env = counting()
    env.reset(0)
    scores = []
    for _ in range(4):
        step = env.step({"xy": torch.zeros(2, 3, dtype=torch.long)})
        assert set(step.info) == {"score"}
        scores.append(step.info["score"].tolist())
    assert scores == [[[float(t)] * 3] * 2 for t in (1, 2, 3, 1)]
    assert step.next_observation.features["xy"][0, 0].tolist() == [0, 1, 0]


def test_successor_and_next_observation_differ_only_at_the_cut() -> None:
    env = counting()
    env.reset(0)
    for time in range(1, 4):
        step = env.step({"xy": torch.ones(2, 3, dtype=torch.long)})
        assert step.next_observation.features["xy"][1, 2].tolist() == [2, time, 1]
        assert step.truncated.all() == (time == 3)
    assert step.observation.features["xy"][1, 2].tolist() == [2, 0, -1]


def test_plain_observations_leave_the_other_fields_empty() -> None:
    observation = counting(num_copies=1).reset(0)
    assert {name for name, value in vars(observation).items() if value is not None} == {"features", "alive"}


def test_classes_may_differ_in_their_actions() -> None:
    factory = lambda: Counting("xy", ("action_mask",), sizes=(2, 4))  # noqa: E731
    env = PettingZooEnvironment(factory, 1, {"x": "A", "y": "B"}, ("A", "B"))
    assert [c.action.size for c in env.roster.classes] == [2, 4]
    observation = env.reset(0)
    assert observation.action_mask["A"].tolist() == [[[True, False]]]
    assert observation.action_mask["B"].tolist() == [[[True, False, False, False]]]
    step = env.step({"A": torch.tensor([[1]]), "B": torch.tensor([[3]])})
    assert [step.observation.features[name][0, 0, 2] for name in "AB"] == [1, 3]


def test_continuous_actions_are_scaled_and_cut_to_size() -> None:
    """The bounds are -1 and 2."""
    factory = lambda: Counting("xy", sizes=(1, 3), continuous=True)  # noqa: E731
    env = PettingZooEnvironment(factory, 1, {"x": "A", "y": "B"}, ("A", "B"))
    assert [(c.action.kind, c.action.size) for c in env.roster.classes] == [("continuous", 1), ("continuous", 3)]
    env.reset(0)
    step = env.step({"A": torch.tensor([[[0.0]]]), "B": torch.tensor([[[9.0, -9.0, 0.5]]])})
    assert [step.observation.features[name][0, 0, 2] for name in "AB"] == [0.5, 2 - 1 + 1.25]


def test_whole_numbers_are_categories_and_combinations_of_them_actions() -> None:
    def make() -> Counting:
        env = Counting("xy", sizes=(1, 1))
        for name in "xy":
            env.spaces[name] = (spaces.MultiDiscrete([10, 4, 30], start=[0, 0, -10]), spaces.MultiDiscrete([2, 3]))
        return env

    env = PettingZooEnvironment(make, 1, lambda name: "A", ("A",))
    agent = env.roster.classes[0]
    assert (agent.feature_size, agent.categories, agent.action.size) == (3, (10, 4, 30), 6)
    seen = env.reset(0).features["A"]
    assert (seen.dtype, seen[0].tolist()) == (torch.int32, [[0, 0, 9], [1, 0, 9]])  # index, time, action of -1
    seen = env.step({"A": torch.tensor([[4, 5]])}).observation.features["A"]
    assert seen[0].tolist() == [[0, 1, 12], [1, 1, 13]]  # actions (1, 1) and (1, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((Counting, 0, {}, ("A",)), "num_copies is 0; give at least 1"),
        ((Counting, 1, {"x": "A"}, ("A",)), "class_of has no class for agent 'y'; it has x"),
        ((Counting, 1, lambda name: "Z", ("A",)), "agent 'x' is of class 'Z', which is not declared"),
        ((lambda: Counting(sizes=(2, 3, 3)), 1, lambda name: "A", ("A",)), "'x' and 'y' are of class 'A' but differ"),
    ],
)
def test_bad_input_is_refused(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PettingZooEnvironment(*arguments)


def test_other_actions_are_refused() -> None:
    env = Counting()
    env.spaces["x"] = (env.observation_space("x"), spaces.Text(3))
    with pytest.raises(ValueError, match=r"agent 'x' acts in Text.*; supported are Discrete"):
        PettingZooEnvironment(lambda: env, 1, lambda name: name, "xyz")


def test_metadata_and_a_render_mode_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """PettingZoo's class declares them without a value."""
    for name in ("metadata", "render_mode"):
        monkeypatch.delattr(Counting, name)
    env = counting()
    assert env.reset(0).features["xy"].shape == (2, 3, 3)


def test_a_reward_that_is_not_finite_is_told_with_the_copy_and_the_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    def step(self: Counting, actions: dict[str, Any]) -> Any:
        seen, rewards, *rest = taken(self, actions)
        return seen, {**rewards, "y": float("inf") if self.time == 2 else np.array([2.0])}, *rest

    taken = Counting.step
    monkeypatch.setattr(Counting, "step", step)
    env = counting()
    env.reset(0)
    action = {"xy": torch.zeros(2, 3, dtype=torch.long)}
    assert env.step(action).reward.tolist() == [[1, 2, 1], [1, 2, 1]]
    words = "counting, copy 0, in step 2 of its episode, gave agent y a reward of inf, which is not finite"
    with pytest.raises(EnvironmentFailedError, match=f"^the environment {words}"):
        env.step(action)


@pytest.mark.parametrize("agent", ["x", "y", "z"])
def test_an_observation_that_is_not_finite_is_told_with_the_copy_and_the_agent(
    agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    observe = Counting._observe
    seen = lambda self, actions: {**observe(self, actions), agent: observe(self, actions)[agent] * np.nan}  # noqa: E731
    monkeypatch.setattr(Counting, "_observe", seen)
    words = f"copy 0, in its reset, gave agent {agent} an observation with nan, which is not finite"
    with pytest.raises(EnvironmentFailedError, match=words):
        counting().reset(0)


def test_a_mask_beside_other_parts_is_no_feature() -> None:
    """As beside "observation"; the parts are in the order of their names."""
    line, mask = spaces.Box(-1, 1, (1,)), spaces.MultiBinary(3)
    view = AgentView("x", spaces.Dict(goal=line, place=line, action_mask=mask), spaces.Discrete(3))
    assert view.masked
    told = {"goal": np.array([0.5]), "place": np.array([-0.5]), "action_mask": np.array([1, 0, 1])}
    assert {name: part.tolist() for name, part in view.read(told)} == {"observation": [0.5, -0.5]}
    legal = view.mask(told, {})
    assert legal is not None and legal.tolist() == [True, False, True]


@pytest.mark.parametrize("asked", ["observation_space", "action_space"])
def test_a_space_of_gym_is_told_by_its_module(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    box = type("Box", (), {"__module__": "gym.spaces.box", "__repr__": lambda self: "Box(2,)"})
    monkeypatch.setattr(Counting, asked, lambda self, agent: box())
    with pytest.raises(ValueError, match=r"'x' has Box\(2,\) as a space, a gym\.spaces\.box\.Box; take a version"):
        PettingZooEnvironment(Counting, 1, lambda name: "A", ("A",))
