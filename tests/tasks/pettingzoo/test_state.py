"""PettingZoo's ``state()`` as a centralised critic sees it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from hidden_pettingzoo import Hidden
from torch import Tensor
from torch.testing import assert_close

import marl
from marl.algorithms.configs import A2CConfig
from marl.algorithms.kinds import make_learner
from marl.core.errors import ConfigError, EnvironmentFailedError
from marl.core.records import Observation
from marl.core.serialisation import load_state, save_state
from marl.core.trust import trusting
from marl.networks.configs import CriticConfig, EncoderConfig, GraphConfig
from marl.networks.critic import StateCritic
from marl.policies.actor_critic import ActorCritic
from marl.policies.configs import ActorCriticConfig, RandomPolicyConfig
from marl.policies.random import RandomPolicy
from marl.policies.sides import Sides
from marl.tasks.environment_config import environment_config, make_environment
from marl.tasks.pettingzoo.environment import PettingZooEnvironment
from marl.training.collector import Collector
from marl.training.run import build_run
from marl.training.run_config import read_config

COPIES = 5
FORMS = pytest.mark.parametrize("form", ["numbers", "picture"])


def make(form: str = "numbers", **options: Any) -> PettingZooEnvironment:
    sort = {"left_0": "left", "right_0": "right"}
    return PettingZooEnvironment(partial(Hidden, form), COPIES, sort, ("left", "right"), **{"state": True, **options})


def stay(environment: PettingZooEnvironment) -> Any:
    return environment.step({kind: torch.zeros(COPIES, 1, dtype=torch.long) for kind in ("left", "right")})


def read(observation: Observation, form: str) -> tuple[Tensor, Tensor]:
    """Sign and time in the state of each copy."""
    state = observation.state
    assert state is not None
    if form == "numbers":
        assert state.dtype == torch.float32 and state.shape == (COPIES, 2)
        return state[:, 0], state[:, 1]
    assert state.dtype == torch.uint8 and state.shape == (COPIES, 3, 5, 6)
    assert (state[:, 2] == 0).all() and (state == state[..., :1, :1]).all()
    return state[:, 0, 0, 0] / 127.5 - 1, state[:, 1, 0, 0].float()


@FORMS
@pytest.mark.parametrize("processes", [1, 2])
def test_the_state_stands_beside_what_agents_see_and_at_a_cut_is_that_of_the_successor(
    form: str, processes: int
) -> None:
    environment = make(form, processes=processes)
    assert environment.roster.state == ((2,) if form == "numbers" else (3, 5, 6))
    first = environment.reset(1)
    sign, time = read(first, form)
    assert sorted({*sign.tolist()}) == [-1, 1] and time.tolist() == [0] * COPIES
    for number in range(1, 5):
        step = stay(environment)
        assert step.reward.equal(sign[:, None].double().expand(-1, 2))
        after, time = read(step.next_observation, form)
        assert after.equal(sign) and time.tolist() == [number] * COPIES
    begun, time = read(step.observation, form)
    assert bool(step.ended.all()) and time.tolist() == [0] * COPIES and not begun.equal(sign)
    environment.close()


@pytest.mark.parametrize("sees_state", [True, False])
def test_a_critic_that_sees_the_state_knows_what_agents_do_not(sees_state: bool) -> None:
    """Each step pays the sign, and a limit cuts: the value is sign / (1 - gamma), 2 or -2, and 0 to the blind."""
    torch.manual_seed(0)
    environment = make(state=sees_state)
    config = ActorCriticConfig(
        encoder=EncoderConfig(hidden=(4,), temporal="none"),
        graph=GraphConfig(kind="none"),
        critic=CriticConfig(hidden=(8,), entity_hidden=(8,), activation="tanh"),
    )
    policy = ActorCritic(environment.roster, config)
    learner = make_learner(policy, A2CConfig(learning_rate=(0.05, 0.002), gamma=0.5, entropy_coef=0.0), seed=0)
    collector = Collector(environment, 32, seed=0)
    known = collector.collect(policy).batch
    for update in range(60):
        learner.update(known, update / 60)
    rollout = collector.collect(policy).batch
    value, sign = policy.value(rollout.observation), rollout.reward
    if sees_state:
        assert_close(
            value, 2 * sign, rtol=0.0, atol=0.5
        )  # with the next episode's state the last step would be worth 1
    else:
        assert float((value * sign).mean()) < 1


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ("none", "env.state is true, but it has no state\\(\\); leave env.state out"),
        ("fails", "its state\\(\\) fails \\(KeyError: 'board'\\); leave env.state out"),
        ("lacks", "its state\\(\\) fails \\(AttributeError: board\\); leave env.state out"),
        ("words", "its state\\(\\) gives <U4 of shape \\[\\], no numbers; leave env.state out"),
    ],
)
def test_what_is_no_state_is_refused(form: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        make(form)


def test_a_state_of_another_shape_is_told_with_copy_and_step() -> None:
    environment = make("grows")
    environment.reset(0)
    stay(environment)
    with pytest.raises(EnvironmentFailedError, match=r"copy 0, in step 2 .* gave a state\(\) of shape \[2, 2\], and"):
        stay(environment)


PRESET: dict[str, Any] = {
    "env": {"name": "hidden_pettingzoo:hidden", "state": True},
    "num_copies": 2,
    "rollout_length": 8,
    "total_env_steps": 32,
    "evaluation_episodes": 2,
}


def test_critics_of_sides_see_it_and_an_evaluation_does_without(tmp_path: Path) -> None:
    preset = {**PRESET, "sides": {"left": {}, "right": {"policy": {"critic": {"sharing": "team"}}}}}
    with trusting("hidden_pettingzoo"):
        trained = marl.train(preset, tmp_path / "x").policy
        loaded = marl.load(tmp_path / "x")
        assert isinstance(trained, Sides) and isinstance(loaded, Sides)
        for policy in (trained, loaded):
            critics = {name: list(side.critic.networks.values()) for name, side in policy.policies.items()}  # type: ignore[union-attr]
            assert all(isinstance(critic, StateCritic) for critic in (*critics["left"], *critics["right"]))
        assert all(tensor.equal(loaded.state_dict()[name]) for name, tensor in trained.state_dict().items())
        assert "return_per_left" in marl.evaluate(tmp_path / "x", episodes=2)
        task, settings = environment_config(PRESET["env"], {})
        shapes = [make_environment(task, settings, 1, training=training).roster.state for training in (False, True)]
    assert shapes == [(), (2,)]


def test_a_rollout_that_was_stopped_goes_on_with_the_same_states(tmp_path: Path) -> None:
    """One reset and two steps after a checkpoint in the middle of an episode."""

    def playing() -> tuple[Collector, RandomPolicy]:
        keep: dict[str, Any] = {
            "get_state": lambda env: {"time": env.time, "sign": env.sign},
            "set_state": lambda env, state: vars(env).update(state),
        }
        environment = make(**keep)
        return Collector(environment, 2, seed=0), RandomPolicy(environment.roster, RandomPolicyConfig())

    (going, policy), (other, _) = playing(), playing()
    going.collect(policy)
    save_state(tmp_path, "state", going.state())
    other.load_state(load_state(tmp_path, "state"))
    for _ in range(2):
        one, two = going.collect(policy).batch.observation.state, other.collect(policy).batch.observation.state
        assert one is not None and two is not None and one.equal(two)


def test_a_state_that_no_critic_sees_is_refused(tmp_path: Path) -> None:
    alone = {"critic": {"sharing": "independent"}}
    with trusting("hidden_pettingzoo"), pytest.raises(ConfigError, match=r"policy.critic.sharing to class or team"):
        build_run(read_config({**PRESET, "policy": alone}), tmp_path / "x")
