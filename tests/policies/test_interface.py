"""Policies in loops of one's own: what they are handed and what they hand back, by hand or as their own loop has it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import gymnasium
import habits
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector.utils import concatenate, create_empty_array

from marl.core.errors import ConfigError
from marl.core.records import Memory, Observation
from marl.core.roster import AgentClass, Roster
from marl.networks.configs import CriticConfig, EncoderConfig, GraphConfig, TransformerConfig
from marl.policies.actor_critic import ActorCritic
from marl.policies.configs import ActorCriticConfig, RandomPolicyConfig
from marl.policies.interface import Interface
from marl.policies.policy import Act, Policy
from marl.policies.random import RandomPolicy
from marl.policies.seat import UNMASKED
from marl.tasks.environment_config import environment_config, make_environment
from marl.tasks.spaces import ActionSpace, ObservationSpace

LINE = spaces.Box(-1, 1, (1,), np.float32)


def between(observed: spaces.Space[Any], acted: spaces.Space[Any]) -> dict[str, Any]:
    """Settings of an environment with these spaces."""
    arguments = {"observation_space": observed, "action_space": acted}
    return {"name": f"{habits.__name__}:Between-v0", "arguments": arguments}


class Told(Policy):
    """A policy of one agent that acts as it is told, and keeps what it saw."""

    def __init__(self, observed: spaces.Space[Any], acted: spaces.Space[Any], chosen: list[Any]) -> None:
        seen, spec = ObservationSpace(observed, "it"), ActionSpace(acted, "it").spec
        agent = AgentClass("agent", seen.size, spec, seen.categories)
        super().__init__(Roster((agent,), (1,)), RandomPolicyConfig())
        self.register_buffer("nothing", torch.zeros(()))
        self.chosen, self.interface = torch.tensor(chosen)[:, None], Interface(between(observed, acted))

    def act(self, observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        self.saw = observation
        return Act({"agent": self.chosen}, torch.zeros(observation.alive.shape), None)


def remembering(name: str = "habits:Walk-v0") -> ActorCritic:
    """A policy with a memory, whose actions turn on what it saw before."""
    task, settings = environment_config({"name": name}, {})
    environment = make_environment(task, settings, 1)
    transformer = TransformerConfig(heads=2, window=3, feedforward=16)
    config = ActorCriticConfig(
        encoder=EncoderConfig(hidden=(8, 8), transformer=transformer),
        graph=GraphConfig(kind="none"),
        critic=CriticConfig(sharing="independent"),
    )
    policy = ActorCritic(environment.roster, config).eval()
    policy.interface = Interface({"name": name})
    environment.close()
    for actor in policy.actors.values():
        torch.nn.init.normal_(actor.network[-1].weight, std=3.0)
    return policy


SOME = [
    (spaces.Discrete(4, start=2), [3], np.int64(5)),
    (spaces.MultiDiscrete([2, 3]), [5], np.array([1, 2])),
    (spaces.MultiBinary(3), [6], np.array([1, 1, 0], np.int8)),
    (spaces.Tuple([spaces.Discrete(2), spaces.MultiDiscrete([2, 3])]), [5], (0, np.array([1, 2]))),
    (spaces.Dict({"a": spaces.Discrete(2), "b": spaces.Discrete(3)}), [4], {"a": 1, "b": 1}),
    (spaces.Box(-4, 8, (2,), np.float64), [[-1.0, 0.5]], np.array([-4.0, 5.0])),
    (spaces.Box(-2, 2, (1, 2)), [[0.25, 9.0]], np.array([[0.5, 2.0]], np.float32)),
    (spaces.Box(0, 255, (1,), np.uint8), [[0.0]], np.array([128], np.uint8)),
]


def test_text_is_no_switch() -> None:
    with pytest.raises(ConfigError, match="deterministic is 'no'; give True or False"):
        Told(LINE, spaces.Discrete(2), [0]).predict(np.zeros(1, np.float32), deterministic="no")  # type: ignore[arg-type]


@pytest.mark.parametrize(("space", "chosen", "expected"), SOME)
def test_an_action_is_of_its_space(space: spaces.Space[Any], chosen: list[Any], expected: Any) -> None:
    """Two and three quarters of the way from -4 to 8; combination 5 of 2 x 2 x 3 is (0, 1, 2)."""
    policy = Told(LINE, space, chosen)
    action, state = policy.predict(np.zeros(1, np.float32), deterministic=True)
    assert state is None
    assert space.contains(action)
    assert type(action) is type(expected)
    assert getattr(action, "dtype", None) == getattr(expected, "dtype", None)
    np.testing.assert_equal(action, expected)


@pytest.mark.parametrize(("space", "chosen", "expected"), SOME)
def test_a_batch_is_what_a_vector_environment_takes(space: spaces.Space[Any], chosen: list[Any], expected: Any) -> None:
    policy = Told(LINE, space, chosen * 3)
    arguments = between(LINE, space)["arguments"]
    envs = gymnasium.make_vec("Between-v0", 3, "sync", **arguments)
    observations, _ = envs.reset(seed=0)
    actions, _ = policy.predict(observations, deterministic=True)
    assert policy.saw.features["agent"][:, 0].numpy().tolist() == observations.tolist()
    envs.step(actions)  # each copy checks its own
    envs.close()


OBSERVED = [
    (LINE, np.array([0.5], np.float32), [0.5]),
    (LINE, [0.5], [0.5]),
    (spaces.Discrete(4, start=1), 3, [2]),
    (spaces.Discrete(4, start=1), np.int64(3), [2]),
    (spaces.MultiDiscrete([2, 3]), np.array([1, 2]), [1, 2]),
    (spaces.Tuple([spaces.Discrete(11), spaces.Discrete(2)]), (7, 1), [7, 1]),
    (spaces.Dict({"b": spaces.Discrete(2), "a": LINE}), {"a": np.array([0.5]), "b": 1}, [0.5, 0, 1]),
    (spaces.Dict({"observation": LINE, "goal": LINE}), {"observation": [0.5], "goal": [1.0]}, [1.0, 0.5]),
    (spaces.Box(0, 255, (2, 2), np.uint8), np.array([[1, 2], [3, 255]], np.uint8), [1, 2, 3, 255]),
]


@pytest.mark.parametrize(("space", "value", "features"), OBSERVED)
def test_an_observation_is_as_the_environment_gives_it(
    space: spaces.Space[Any], value: Any, features: list[float]
) -> None:
    policy = Told(space, spaces.Discrete(2), [0])
    policy.predict(value, deterministic=True)
    assert policy.saw.features["agent"].tolist() == [[features]]
    assert policy.saw.alive.tolist() == [[True]]
    assert policy.saw.action_mask is None
    policy.predict(value, agent="player_0")
    assert policy.saw.features["agent"].tolist() == [[features]]


def test_batches_of_pairs_are_pairs_of_batches() -> None:
    policy = Told(spaces.Tuple([spaces.Discrete(11), spaces.Discrete(2)]), spaces.Discrete(2), [0, 1])
    actions, _ = policy.predict((np.array([7, 3]), np.array([1, 0])))
    assert policy.saw.features["agent"].tolist() == [[[7, 1]], [[3, 0]]]
    assert actions.tolist() == [0, 1]


def test_masks_are_obeyed() -> None:
    told = Told(LINE, spaces.Discrete(3), [1])
    told.predict([0.0], action_mask=np.array([0, 1, 0], np.int8))
    assert told.saw.action_mask is not None
    assert told.saw.action_mask["agent"].tolist() == [[[False, True, False]]]
    policy = RandomPolicy(told.roster, RandomPolicyConfig())
    policy.interface = told.interface
    drawn = [policy.predict([0.0], action_mask=[True, False, True])[0] for _ in range(40)]
    assert set(drawn) == {0, 2}
    actions, _ = policy.predict([[0.0], [0.5]], action_mask=[[0, 0, 1], [0, 1, 0]])
    assert actions.tolist() == [2, 1]


def test_that_a_mask_is_left_out_is_told_once() -> None:
    told = Told(LINE, spaces.Discrete(3), [1])
    for given, notes in ((None, 1), ([1, 1, 0], 0)):
        told.interface = Interface({"name": "habits:Closed-v0"})  # whose infos have masks
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(3):
                told.predict([0.0], action_mask=given)
        assert [str(note.message) for note in caught] == [UNMASKED] * notes


def test_draws_begin_again_with_a_seed() -> None:
    told = Told(LINE, spaces.Discrete(2), [0])
    policy = RandomPolicy(told.roster, RandomPolicyConfig())
    policy.interface = told.interface

    def drawn() -> list[int]:
        return [int(policy.predict([0.1])[0]) for _ in range(30)]

    first = drawn()
    assert set(first) == {0, 1}
    policy.seed(5)
    fifth = drawn()
    policy.seed(0)
    assert drawn() == first != fifth
    policy.seed(0)
    policy.predict([0.1], deterministic=True)  # draws nothing
    assert drawn() == first


def test_a_loop_of_ones_own_remembers_as_the_policys_does() -> None:
    """Of each copy, and from the start of its episode on."""
    policy = remembering()
    seen = np.random.default_rng(0).uniform(-1, 1, (12, 2, 1)).astype(np.float32)
    begins = np.zeros((12, 2), np.bool_)
    begins[5, 0] = begins[8, 1] = True
    expected, memory = [], policy.initial_memory(2, 1)
    for features, where in zip(torch.from_numpy(seen), begins, strict=True):
        act = policy.act(
            Observation({"agent": features[:, None]}, torch.ones(2, 1, dtype=torch.bool)),
            memory.reset(torch.from_numpy(where)),
        )
        memory = act.memory
        expected.append(act.action["agent"][:, 0].tolist())
    together, valid, state = [], [], None
    for observation, where in zip(seen, begins, strict=True):
        actions, state = policy.predict(observation, state, where, deterministic=True)
        together.append(actions.tolist())
        valid.append(state.valid[:, 0])
    assert together == expected
    assert torch.stack(valid).sum(-1).T.tolist() == [
        [1, 2, 3, 3, 3, 1, 2, 3, 3, 3, 3, 3],
        [1, 2, 3, 3, 3, 3, 3, 3, 1, 2, 3, 3],
    ]
    for copy in range(2):
        alone, state = [], None
        for observation, where in zip(seen[:, copy], begins[:, copy], strict=True):
            action, state = policy.predict(observation, state, episode_start=where, deterministic=True)
            alone.append(action)
        assert alone == [row[copy] for row in expected]
    forgetful = [policy.predict(row, None, deterministic=True)[0].tolist() for row in seen]
    assert forgetful != expected


def test_each_agent_has_its_turn_and_its_memory() -> None:
    policy = remembering()
    seen = np.random.default_rng(1).uniform(-1, 1, (10, 2, 1)).astype(np.float32)
    apart = []
    for player in range(2):
        state = None
        for turn, observation in enumerate(seen[:, player]):
            action, state = policy.predict(observation, state, turn == 6 and player == 1, deterministic=True)
            apart.append(action)
    in_turn, state = [], None
    for turn, pair in enumerate(seen):
        for player, observation in enumerate(pair):
            begins = turn == 6 and player == 1
            told = {"observation": observation, "action_mask": np.ones(2, np.int8)} if turn % 2 else observation
            action, state = policy.predict(told, state, begins, deterministic=True, agent=f"player_{player}")
            in_turn.append(action)
    assert in_turn[::2] + in_turn[1::2] == apart
    assert set(state) == {"player_0", "player_1"}
    (forced, _) = policy.predict(seen[0, 0], agent="player_0", action_mask=[0, 1], deterministic=True)
    (other, _) = policy.predict({"observation": seen[0, 0], "action_mask": [1, 0]}, agent="player_0")
    assert (forced, other) == (1, 0)


@pytest.mark.parametrize("inside", [False, True])
def test_a_mask_that_is_observed_is_kept_to(inside: bool) -> None:
    """In one observation and in a batch; a mask that is given goes first."""
    settings = {"name": f"{habits.__name__}:Parts-v0", "arguments": {"inside": inside}}
    task, config = environment_config(settings, {})
    policy = RandomPolicy(make_environment(task, config, 1).roster, RandomPolicyConfig())
    policy.interface = Interface(settings)
    env = habits.Parts(inside=inside)
    seen, _ = env.reset(seed=1)
    only = {**seen, "action_mask": np.eye(8, dtype=np.int8)[5]}
    assert policy.predict(only)[0] == 5
    assert policy.predict(only, action_mask=np.eye(8)[2])[0] == 2
    batch = concatenate(env.observation_space, [only, only], create_empty_array(env.observation_space, 2))
    assert policy.predict(batch)[0].tolist() == [5, 5]


ONE: list[tuple[Callable[[Policy], object], str]] = [
    (
        lambda policy: policy.predict(np.zeros(3)),
        r"Walk-v0: an array of shape \(3,\) .* is neither an observation in Box",
    ),
    (lambda policy: policy.predict(np.zeros((2, 3, 1))), "nor a batch of them"),
    (lambda policy: policy.predict(np.array(["a"])), "neither an observation in Box"),
    (lambda policy: policy.predict(None), "NoneType None is neither"),
    (lambda policy: policy.predict({"x": 1}), "a dictionary of 'x' is neither"),
    (lambda policy: policy.predict(habits.Walk().reset()), "the observation alone, of the two that env.reset"),
    (lambda policy: policy.predict([0.0], action_mask=[1, 1, 1]), r"action_mask has shape \(3,\); give \(2,\)"),
    (lambda policy: policy.predict([[0.0]], action_mask=[1, 1]), r"action_mask has shape \(2,\); give \(1, 2\)"),
    (lambda policy: policy.predict([0.0], action_mask=[0, 0]), "leaves no legal action"),
    (lambda policy: policy.predict([[0.0]], agent="player_0"), "agent 'player_0' is given a batch"),
    (lambda policy: policy.predict([0.0], policy.predict([[0.0]] * 2)[1]), "state is not that of 1 x 1 agents"),
    (lambda policy: policy.predict([0.0], "yesterday"), "state is not that of 1 x 1 agents"),
    (lambda policy: policy.predict([0.0], policy.predict([0.0])[1], agent="x"), "state is a Memory; with agent= give"),
    (
        lambda policy: policy.predict([[0.0]] * 3, policy.predict([[0.0]] * 3)[1], [True] * 2),
        r"episode_start has shape \(2,\); give one bool, or one for each of 3",
    ),
]


@pytest.mark.parametrize(("call", "message"), ONE)
def test_what_an_agent_cannot_be_given_is_named(call: Callable[[Policy], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(remembering())


def test_continuous_actions_have_no_masks() -> None:
    with pytest.raises(ValueError, match=r"acts in Box\(.*, where no mask says what is legal"):
        Told(LINE, LINE, [[0.0]]).predict([0.0], action_mask=[1])


def test_a_number_outside_its_space_is_named() -> None:
    policy = Told(spaces.Discrete(4), spaces.Discrete(2), [0])
    with pytest.raises(ValueError, match=r"Between-v0: observes 9, which is not in Discrete\(4\)"):
        policy.predict(9)
    with pytest.raises(ValueError, match=r"Between-v0: copy 1 observes 9"):
        policy.predict([0, 9])
    with pytest.raises(ValueError, match=r"array of shape \(2,\) and type float64 is neither"):
        policy.predict(np.array([0.1, 0.2]))


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_an_observation_that_is_not_finite_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match=f"Walk-v0: the observation has {number}, which is not finite"):
        remembering().predict(np.array([number], np.float32))


def test_a_policy_of_no_environment_or_of_another_is_refused() -> None:
    policy = Told(LINE, spaces.Discrete(2), [0])
    policy.interface = Interface(between(spaces.Box(-1, 1, (3,)), spaces.Discrete(2)))
    with pytest.raises(ConfigError, match=r"class 'agent' was trained with 1 features .* and here has 3"):
        policy.predict(np.zeros(3))
    policy.interface = None
    with pytest.raises(ConfigError, match=r"knows no environment; .* marl\.load and marl\.train"):
        policy.predict([0.0])
