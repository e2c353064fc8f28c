"""PettingZooEnvironment beside the environments that it runs, stepped one by one without SuperSuit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from meeting import Meeting
from meeting_config import MeetingConfig
from meeting_pettingzoo import MeetingParallel, get_state, set_state
from pettingzoo.utils.env import ParallelEnv
from pettingzoo_copies import expect

from marl.core.environment import Environment
from marl.core.errors import EnvironmentFailedError
from marl.core.serialisation import load_state, save_state
from marl.tasks.pettingzoo import PettingZooEnvironment

CYCLES = 6
CLASS_OF = {"walker_0": "A", "walker_1": "B", "walker_2": "B"}


def walkers(continuous: bool = False, cycles: int = CYCLES, target: str = "wanders") -> MeetingParallel:
    settings = {"target": target, "max_cycles": cycles, "continuous_actions": continuous}
    links = {"range": 1.0, "link_loss": 0.2}
    return MeetingParallel(MeetingConfig(team={"A": 1, "B": 2}, communication=links, **settings))


def make(num_copies: int = 2, factory: Callable[[], Any] = walkers, **options: Any) -> Environment:
    return PettingZooEnvironment(factory, num_copies, CLASS_OF, ("A", "B", "C"), **options)


@pytest.mark.parametrize("continuous", [False, True], ids=["discrete", "continuous"])
def test_every_step_equals_an_unvectorised_run(continuous: bool) -> None:
    factory = lambda: walkers(continuous)  # noqa: E731
    env, singles = make(2, factory), [factory(), factory()]
    observation = env.reset(seed=5)
    for copy, single in enumerate(singles):
        expect(observation, copy, single.reset(seed=5 * 2 + copy)[0])
    rng, links = np.random.default_rng(0), 0
    for time in range(3 * CYCLES):
        action = rng.random((2, 3, 2), np.float32) if continuous else rng.integers(5, size=(2, 3))
        given = torch.from_numpy(action)
        step = env.step({"A": given[:, :1], "B": given[:, 1:]})
        ends = time % CYCLES == CYCLES - 1
        assert step.truncated.all() == step.truncated.any() == ends
        assert not step.terminated.any()
        for copy, single in enumerate(singles):
            seen, reward, _, _, infos = single.step(dict(zip(single.agents, action[copy], strict=True)))
            expect(step.next_observation, copy, seen)
            expect(step.observation, copy, single.reset()[0] if ends else seen)
            assert step.reward[copy].tolist() == list(reward.values())
            assert step.info["contacts"][copy].tolist() == [info["contacts"] for info in infos.values()]
            heard = [int(agent["adjacency"].sum()) for agent in seen.values()]
            assert step.info["links"][copy].tolist() == heard
            links += sum(heard)
    assert links > 0


def test_contacts_of_the_last_step_are_kept() -> None:
    env = make(2, lambda: walkers(cycles=3, target="still"), get_state=get_state, set_state=set_state)
    env.reset(seed=0)
    state = env.state()
    for copy in state["copies"].values():
        # everything far apart but the first walker and the target
        copy["position"] = torch.tensor([[[0.0, 0.0], [5.0, 5.0], [-5.0, 5.0], [9.0, 9.0], [0.12, 0.0]]])
        copy["clock"] = torch.tensor([2])
    env.load_state(state)
    step = env.step({"A": torch.zeros(2, 1, dtype=torch.long), "B": torch.zeros(2, 2, dtype=torch.long)})
    assert step.ended.all()
    assert step.info["contacts"].tolist() == [[1.0, 0.0, 0.0]] * 2
    assert step.reward.tolist() == [[10.0] * 3] * 2


def test_it_observes_what_the_batched_environment_does() -> None:
    env = make(3, lambda: walkers(cycles=50, target="still"), get_state=get_state, set_state=set_state)
    config = MeetingConfig(team={"A": 1, "B": 2}, target="still", max_cycles=50)
    meeting = Meeting(config, 3)
    env.reset(seed=1)
    meeting.reset(seed=1)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        copies = env.state()["copies"].values()
        meeting.place(*(torch.cat([copy[name] for copy in copies]) for name in ("position", "velocity")))
        action = {name: torch.randint(5, (3, n), generator=generator) for name, n in (("A", 1), ("B", 2))}
        step, batched = env.step(action), meeting.step(action)
        seen, expected = step.next_observation, batched.next_observation
        for name in "AB":
            torch.testing.assert_close(seen.features[name], expected.features[name], rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(seen.entities, expected.entities, rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(step.reward, batched.reward)
        # links may be lost, never added
        assert not (seen.adjacency & ~expected.adjacency).any()


def test_roster_has_every_declared_class() -> None:
    roster = make(1, feature_sizes={"C": 12}).roster
    assert roster.team == {"A": 1, "B": 2, "C": 0}
    assert [c.feature_size for c in roster.classes] == [6, 6, 12]
    assert {c.action.kind for c in roster.classes} == {"discrete"}


def test_seeds_repeat_and_copies_differ() -> None:
    one, two = make(3), make(3)
    first, same, other = one.reset(4), two.reset(4), make(3).reset(5)
    assert first.entities.equal(same.entities)
    assert len({tuple(copy.flatten().tolist()) for copy in (*first.entities, *other.entities)}) == 6
    for time in range(2 * CYCLES):
        action = {"A": torch.full((3, 1), time % 5), "B": torch.full((3, 2), 1)}
        a, b = one.step(action), two.step(action)
        assert a.observation.entities.equal(b.observation.entities)
        assert a.observation.adjacency.equal(b.observation.adjacency)
    again = one.reset(4)
    assert again.entities.equal(first.entities)
    assert again.adjacency.equal(first.adjacency)


def test_a_loaded_state_goes_on_bit_for_bit(tmp_path: Path) -> None:
    one, two = (make(2, get_state=get_state, set_state=set_state) for _ in range(2))
    one.reset(0)
    actions = [{"A": torch.full((2, 1), t % 5), "B": torch.full((2, 2), t % 4)} for t in range(20)]
    for action in actions[:4]:
        one.step(action)
    state = one.state()
    expected = [one.step(action) for action in actions[4:]]
    save_state(tmp_path, "state", state)
    two.load_state(load_state(tmp_path, "state"))
    for action, step in zip(actions[4:], expected, strict=True):
        again = two.step(action)
        assert again.observation.entities.equal(step.observation.entities)
        assert again.next_observation.adjacency.equal(step.next_observation.adjacency)
        assert again.truncated.equal(step.truncated)
        assert again.reward.equal(step.reward)


def test_a_state_without_draws_survives_a_file(tmp_path: Path) -> None:
    def without(env: Any) -> Any:
        return {**get_state(env), "generator": None}

    def put(env: Any, state: Any) -> None:
        set_state(env, {**state, "generator": env.meeting.generator.get_state()})

    one, two = (make(1, lambda: walkers(target="still"), get_state=without, set_state=put) for _ in range(2))
    features = one.reset(3).features["A"]
    save_state(tmp_path, "state", one.state())
    two.load_state(load_state(tmp_path, "state"))
    step = two.step({"A": torch.zeros(1, 1, dtype=torch.long), "B": torch.zeros(1, 2, dtype=torch.long)})
    # nobody moved: all stay, and the target stands
    assert step.observation.features["A"].equal(features)


def test_scene_and_scripted_are_those_given() -> None:
    chase = lambda observation, generator: {}  # noqa: E731
    options = {"scripted": {"chase": chase}, "events": {"contacts": "contact"}}
    env = make(2, **options, scene=lambda one: one.meeting.scene())
    observation = env.reset(0)
    assert env.scripted() == {"chase": chase}
    assert env.events == {"contacts": "contact"}
    scene = env.scene(1)
    assert [disc[3] for disc in scene.discs] == ["A", "B", "B", "obstacle", "prey"]
    np.testing.assert_allclose([disc[:2] for disc in scene.discs], observation.entities[1, :, :2], atol=1e-6)
    env.close()


class Counting(ParallelEnv):
    """Agents that observe ``[index, time, action]``, see ``options`` for the rest."""

    metadata = {"name": "counting"}
    render_mode = None

    def __init__(
        self,
        names: str = "xyz",
        fields: Sequence[str] = (),
        sizes: Sequence[int] = (2, 2, 2),
        leaver: str | None = None,
        continuous: bool = False,
    ) -> None:
        self.possible_agents, self.fields, self.leaver, self.time = list(names), fields, leaver, 0
        self.sizes, self.continuous, self.agents = sizes, continuous, []
        self.spaces = {name: self._space(size) for name, size in zip(names, sizes, strict=True)}

    def _space(self, size: int) -> tuple[spaces.Space[Any], spaces.Space[Any]]:
        own, count = spaces.Box(-9, 9, (3,)), len(self.possible_agents)
        known = {
            "action_mask": spaces.MultiBinary(size),
            "adjacency": spaces.MultiBinary(count),
            "entities": spaces.Box(-9, 9, (count + 1, 1)),
            "entity_mask": spaces.MultiBinary(count + 1),
            "smell": spaces.Box(-9, 9, (1,)),
        }
        act = spaces.Box(-1, 2, (size,)) if self.continuous else spaces.Discrete(size)
        return spaces.Dict({"observation": own, **{f: known[f] for f in self.fields}}) if self.fields else own, act

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        return self.spaces[agent][0]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        return self.spaces[agent][1]

    def _observe(self, actions: dict[str, Any]) -> dict[str, Any]:
        count, seen = len(self.possible_agents), {}
        for i, (name, size) in enumerate(zip(self.possible_agents, self.sizes, strict=True)):
            own = np.array([i, self.time, np.sum(actions.get(name, -1))], np.float32)
            known = {
                "action_mask": (np.arange(size) <= self.time).astype(np.int8),
                # each hears the next one only
                "adjacency": np.eye(count, dtype=np.int8)[(i + 1) % count],
                "entities": np.arange(count + 1, dtype=np.float32)[:, None],
                "entity_mask": np.arange(count + 1).astype(bool).astype(np.int8),
            }
            seen[name] = {"observation": own, **{f: known[f] for f in self.fields}} if self.fields else own
        return {name: seen[name] for name in self.agents}

    def reset(self, seed: int | None = None, options: object = None) -> tuple[dict[str, Any], dict[str, Any]]:
        self.time, self.agents = 0, list(self.possible_agents)
        return self._observe({}), {name: {"score": -1.0} for name in self.agents}

    def step(self, actions: dict[str, Any]) -> tuple[Any, ...]:
        self.time += 1
        over = self.time == 3
        if self.leaver and self.time == 2:
            self.agents.remove(self.leaver)
        seen = self._observe(actions)
        constant = [dict.fromkeys(self.agents, value) for value in (1.0, False, over)]
        infos = {name: {"score": float(self.time), "note": "text"} for name in self.agents}
        if over:
            self.agents = []
        return seen, *constant, infos


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


def test_continuous_actions_are_clipped_and_cut_to_size() -> None:
    factory = lambda: Counting("xy", sizes=(1, 3), continuous=True)  # noqa: E731
    env = PettingZooEnvironment(factory, 1, {"x": "A", "y": "B"}, ("A", "B"))
    assert [(c.action.size, c.action.low, c.action.high) for c in env.roster.classes] == [(1, -1, 2), (3, -1, 2)]
    env.reset(0)
    step = env.step({"A": torch.tensor([[[0.5]]]), "B": torch.tensor([[[9.0, -9.0, 0.25]]])})
    assert [step.observation.features[name][0, 0, 2] for name in "AB"] == [0.5, 1.25]


def test_agents_that_leave_early_are_refused() -> None:
    env = counting(leaver="y")
    env.reset(0)
    action = {"xy": torch.zeros(2, 3, dtype=torch.long)}
    env.step(action)
    with pytest.raises(
        EnvironmentFailedError,
        match=r"counting, copy 0, in step 2 of .*agents y left before the others, which SuperSuit cannot vectorise",
    ):
        env.step(action)


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), SystemExit(0)])
def test_a_copy_that_fails_is_named_with_its_step(error: BaseException) -> None:
    """The second copy, in the second step after an episode of three."""
    env = counting()
    env.reset(0)
    action = {"xy": torch.zeros(2, 3, dtype=torch.long)}
    for _ in range(4):
        env.step(action)
    inner = env._envs[1]

    def fail(actions: object) -> None:
        raise error

    inner.step = fail
    with pytest.raises(
        EnvironmentFailedError, match=f"counting, copy 1, in step 2 of its episode, failed: {type(error).__name__}: "
    ):
        env.step(action)
    env.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((Counting, 0, {}, ("A",)), "num_copies is 0; give at least 1"),
        ((Counting, 1, {"x": "A"}, ("A",)), "class_of has no class for agent 'y'; it has x"),
        ((Counting, 1, lambda name: "Z", ("A",)), "agent 'x' is of class 'Z', which is not declared"),
        ((lambda: Counting(sizes=(2, 3, 3)), 1, lambda name: "A", ("A",)), "'x' and 'y' are of class 'A' but differ"),
        ((lambda: Counting(fields=("smell",)), 1, lambda name: "A", ("A",)), "agent x observes 'smell'"),
    ],
)
def test_bad_input_is_refused(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PettingZooEnvironment(*arguments)


@pytest.mark.parametrize(
    "space",
    [spaces.MultiDiscrete([2, 3]), spaces.Box(np.zeros(2, np.float32), np.array([1, 2], np.float32))],
)
def test_other_actions_are_refused(space: Any) -> None:
    env = Counting()
    env.spaces["x"] = (env.observation_space("x"), space)
    with pytest.raises(ValueError, match=r"agent 'x' acts in .*; supported are Discrete\(n\)"):
        PettingZooEnvironment(lambda: env, 1, lambda name: name, "xyz")


def test_what_was_not_given_is_refused() -> None:
    env = counting()
    for call, message in [
        (lambda: env.load_state({}), "give get_state and set_state"),
        (env.scene, "cannot be drawn; give scene"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    assert env.state() is None
    with pytest.raises(ValueError, match="only one of get_state and set_state"):
        make(1, get_state=get_state)


def test_what_each_agent_earned_is_read_from_the_infos() -> None:
    silent = make(2, lambda: walkers(target="still"))
    telling = make(2, lambda: walkers(target="still"), earned=lambda info: info["contacts"] * 10)
    for env in (silent, telling):
        env.reset(seed=0)
    action = {"A": torch.zeros(2, 1, dtype=torch.long), "B": torch.zeros(2, 2, dtype=torch.long)}
    assert silent.step(action).earned is None
    step = telling.step(action)
    assert step.earned.equal(step.info["contacts"] * 10)
