"""Sides: groups of classes that learn apart in one run."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import marl
from marl.algorithms.sides import SidesLearner
from marl.core.errors import ConfigError
from marl.policies.pool import Pool
from marl.policies.sides import Sides
from marl.tasks.pettingzoo.task import PettingZooTask
from marl.training.run import build_run
from marl.training.run_config import load_config, read_config, save_config
from marl.training.side_config import with_sides

Preset = dict[str, Any]
BOTH = {"first": {"classes": ["A"]}, "second": {"classes": ["B"]}}


@pytest.fixture
def sided(preset: Preset) -> Preset:
    return {**preset, "total_env_steps": 512, "sides": BOTH}


def built(preset: Preset, folder: Path) -> Any:
    return build_run(read_config(preset), folder)


def weights(policy: Any, side: str) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in policy.policies[side].state_dict().items()}


def changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> bool:
    return any(not before[name].equal(after[name]) for name in before)


def test_one_side_with_everybody_learns_as_none(preset: Preset, tmp_path: Path) -> None:
    preset["total_env_steps"] = 512
    plain = marl.train(preset, tmp_path / "plain").policy.state_dict()
    whole = {**preset, "sides": {"team": {"classes": ["A", "B"]}}}
    sided = marl.train(whole, tmp_path / "sided").policy.state_dict()
    assert len(plain) == len(sided)
    assert all(tensor.equal(sided[f"sides.team.{name}"]) for name, tensor in plain.items())


def test_a_run_that_was_stopped_goes_on_exactly(sided: Preset, tmp_path: Path) -> None:
    """With memories of other lengths, and one side that keeps a replay."""
    sided["sides"] = {
        "first": {"classes": ["A"], "policy": {"encoder": {"transformer": {"window": 2}}}},
        "second": {"classes": ["B"], "algorithm": {"name": "dqn", "replay_capacity": 512, "learning_starts": 64}},
    }
    whole = marl.train(sided, tmp_path / "whole").policy.state_dict()
    marl.train(sided, tmp_path / "parts", total_env_steps=256)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # schedules jump
        save_config(read_config(sided), tmp_path / "parts" / "config.yaml")
        parts = marl.train(None, tmp_path / "parts", resume=True).policy.state_dict()
    differ = [name for name in whole if not whole[name].equal(parts[name])]
    assert not differ


def test_a_side_learns_from_its_own_agents_alone(sided: Preset, tmp_path: Path) -> None:
    """Rewards of the other side change nothing, its own change it; each has an optimiser of its own."""
    found = []
    for number, paid in enumerate(({}, {"A": 5.0}, {"B": 5.0})):
        run = built(sided, tmp_path / str(number))
        rollout = run.source.collect(run.policy).batch
        reward = rollout.reward.clone()
        for kind, more in paid.items():
            reward[:, :, run.source.environment.roster.slices[kind]] += more * torch.rand(reward.shape[0], 1, 1)
        run.learner.update(replace(rollout, reward=reward), 0.0)
        found.append({side: weights(run.policy, side) for side in BOTH})
    plain, first_paid, second_paid = found
    assert changed(plain["first"], first_paid["first"]) and not changed(plain["second"], first_paid["second"])
    assert changed(plain["second"], second_paid["second"]) and not changed(plain["first"], second_paid["first"])


def test_metrics_have_the_name_of_their_side(sided: Preset, tmp_path: Path) -> None:
    run = built(sided, tmp_path)
    assert isinstance(run.learner, SidesLearner)
    metrics = run.learner.update(run.source.collect(run.policy).batch, 0.0)
    assert {"loss/policy/first", "loss/policy/second", "optimiser/learning_rate/second"} <= metrics.keys()


def test_a_side_may_be_a_run_or_random(sided: Preset, run: Path, tmp_path: Path) -> None:
    sided["sides"] = {"first": {"classes": ["A"], "fixed": str(run)}, "second": {"classes": ["B"]}}
    result = marl.train(sided, tmp_path / "x")
    assert isinstance(result.policy, Sides)
    expected = marl.load(run).state_dict()
    assert not changed(expected, weights(result.policy, "first"))
    again = {
        **sided,
        "sides": {"first": {"classes": ["A"]}, "second": {"classes": ["B"], "fixed": str(tmp_path / "x")}},
    }
    other = built(again, tmp_path / "y")
    assert not changed(weights(result.policy, "second"), weights(other.policy, "second"))
    random = built({**sided, "sides": {**BOTH, "second": {"classes": ["B"], "fixed": "random"}}}, tmp_path / "z")
    assert list(random.learner.learners) == ["first"]
    assert random.policy.policies["second"].exploration == 1


def test_a_pool_plays_a_side(sided: Preset, run: Path, tmp_path: Path) -> None:
    """Its choices are part of the state from which a run goes on."""
    sided["sides"] = {"first": {"classes": ["A"], "fixed": ["random", str(run)]}, "second": {"classes": ["B"]}}
    whole = marl.train(sided, tmp_path / "whole").policy
    assert isinstance(whole, Sides)
    pool = whole.policies["first"]
    assert isinstance(pool, Pool)
    assert not changed(marl.load(run).state_dict(), pool.policies[1].state_dict())
    marl.train(sided, tmp_path / "parts", total_env_steps=256)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # schedules jump
        save_config(read_config(sided), tmp_path / "parts" / "config.yaml")
        parts = marl.train(None, tmp_path / "parts", resume=True).policy
    assert not changed(whole.state_dict(), parts.state_dict())
    assert marl.evaluate(tmp_path / "whole", 2) == marl.evaluate(tmp_path / "parts", 2)


def test_each_side_goes_on_from_what_played_its_classes(sided: Preset, run: Path, tmp_path: Path) -> None:
    trained = marl.train(sided, tmp_path / "x").policy
    started = built({**sided, "initial_policy": str(tmp_path / "x"), "seed": 9}, tmp_path / "y")
    for side in BOTH:
        assert not changed(weights(trained, side), weights(started.policy, side))


def test_what_a_side_leaves_out_is_as_the_run_has_it(sided: Preset, tmp_path: Path) -> None:
    sided["sides"] = {
        "A": {"algorithm": {"learning_rate": 0.5}},
        "second": {"classes": ["B"], "algorithm": {"name": "a2c"}, "policy": {"critic": {"hidden": [7]}}},
    }
    config = read_config(sided)
    first, second = config.sides["A"], config.sides["second"]
    assert first.classes == ("A",)
    assert first.algorithm is not None and second.algorithm is not None
    assert (first.algorithm.name, first.algorithm.learning_rate) == ("ppo", 0.5)
    assert first.algorithm.epochs == config.algorithm.epochs == 2  # type: ignore[union-attr]
    assert first.policy == config.policy
    assert second.algorithm.name == "a2c"
    assert second.policy.critic.hidden == (7,)  # type: ignore[union-attr]
    save_config(config, tmp_path / "config.yaml")
    assert load_config(tmp_path / "config.yaml") == config


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        ({"first": {"classes": ["A"]}}, "sides leave out the class 'B'; give it to a side"),
        ({**BOTH, "third": {"classes": ["C"]}}, "sides have the class 'C'; this environment has A, B"),
        ({**BOTH, "third": {"classes": ["B"]}}, "sides second and third both have the class 'B'; give it to one"),
        ({"A": {"fixed": "random"}, "B": {"fixed": "random"}}, "all sides are fixed, so nobody learns"),
        ({"A": {}, "B": {"fixed": []}}, "sides.B.fixed: fixed is empty; name random or the folder of a run"),
        ({"A": {}, "B": {"fixed": "nowhere"}}, "sides.B.fixed is 'nowhere': nowhere does not exist"),
        ({"A": {}, "B": {"algorithm": {"name": "pppo"}}}, "sides.B.algorithm is {'name': 'pppo'}: .*'ppo', 'a2c'"),
        ({"A": {}, "B": {"algorithm": {"epoch": 3}}}, "sides.B.algorithm.epoch is 3: there is no such field"),
        ({"A": {}, "B": {"algorithm": {"name": "dqn"}, "policy": {"kind": "table"}}}, "sides.B.policy.kind is 'table'"),
        (
            {"A": {}, "B": {"algorithm": {"minibatches": 64}}},
            "sides.B.algorithm.minibatches is 64, but num_copies is 32",
        ),
        ({"A": {}, "B b": {"classes": ["B"]}}, "a side is named 'B b'; a name is letters"),
        ({"A": 3}, "sides.A is 3: give its fields"),
        (["A"], "sides is \\['A'\\]: input should be a valid dictionary"),
    ],
)
def test_what_does_not_fit_is_refused(sides: Any, message: str, preset: Preset, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        built({**preset, "sides": sides}, tmp_path)


def test_only_the_learner_of_a_side_may_change_when_a_run_goes_on(sided: Preset, tmp_path: Path) -> None:
    marl.train(sided, tmp_path / "x", total_env_steps=256)
    faster = {**sided, "sides": {**BOTH, "second": {"classes": ["B"], "algorithm": {"epochs": 1}}}}
    build_run(read_config(faster), tmp_path / "x", resume=True)
    other = {**sided, "sides": {**BOTH, "second": {"classes": ["B"], "fixed": "random"}}}
    with pytest.raises(ConfigError, match=r"sides\.second\.fixed is 'random', but the run was trained with None"):
        build_run(read_config(other), tmp_path / "x", resume=True)


SPEAKING = {"name": "mpe2.simple_speaker_listener_v4", "arguments": {"max_cycles": 5}}


def test_critics_see_what_agents_of_other_sides_see(tmp_path: Path) -> None:
    """The listener's value depends on the speaker's goal, which no action of the listener does; and so in a file."""
    settings = {"env": SPEAKING, "sides": {"speaker": {}, "listener": {}}, "num_copies": 2, "rollout_length": 10}
    run = built({**settings, "algorithm": {"minibatches": 1}}, tmp_path / "x")
    rollout = run.source.collect(run.policy).batch
    features = rollout.observation.features
    moved = replace(rollout.observation, features={**features, "speaker": features["speaker"] + 1})
    listener = run.policy.policies["listener"]
    before, after = (
        listener.value(run.policy.rollouts(replace(rollout, observation=o))["listener"].observation)
        for o in (rollout.observation, moved)
    )
    assert (before != after).all()
    run.learner.update(rollout, 0.0)
    assert float(listener.trunk.features.number_speaker) == 20  # its moments, too, are the critic's
    own = built({**settings, "policy": {"critic": {"sharing": "independent"}}}, tmp_path / "y")
    assert own.policy.policies["listener"].roster.others == ()


def test_who_was_trained_with_another_side_plays_on_without_it(tmp_path: Path) -> None:
    small = {"num_copies": 2, "rollout_length": 5, "total_env_steps": 10, "evaluation_episodes": 1}
    settings = {"env": SPEAKING, "algorithm": {"minibatches": 1}, **small}
    first = marl.train({**settings, "sides": {"speaker": {}, "listener": {}}}, tmp_path / "x").policy
    fixed = {"speaker": {"fixed": str(tmp_path / "x")}, "listener": {}}
    second = marl.train({**settings, "sides": fixed, "seed": 2}, tmp_path / "y").policy
    assert not changed(weights(first, "speaker"), weights(second, "speaker"))
    loaded = marl.load(tmp_path / "y")
    assert not changed(second.state_dict(), loaded.state_dict())


@pytest.mark.parametrize(("pictures", "capacity"), [(False, 50_000), (True, 10_000)])
def test_a_side_with_another_algorithm_begins_with_what_suits_pictures(
    pictures: bool, capacity: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The replay of dqn, as docs/environments.md has it."""
    asked: list[Any] = []
    monkeypatch.setattr("marl.tasks.environment_config.shows_pictures", lambda env: asked.append(env) or pictures)
    env, task = {"name": "butterfly/pistonball-v6"}, PettingZooTask()
    sides = {"left": {"algorithm": {"name": "dqn"}}, "right": {}}
    values = with_sides({"env": env, "algorithm": {"name": "ppo", "epochs": 2}, "sides": sides}, task)
    assert values["sides"]["left"]["algorithm"]["replay_capacity"] == capacity
    assert values["sides"]["right"]["algorithm"] == {"name": "ppo", "epochs": 2}
    assert asked == [env]
    with_sides({**values, "env": env}, task)  # complete, as a run's own file
    assert len(asked) == 1
