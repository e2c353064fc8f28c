from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from each_iteration import Crash, EachIteration

import marl
from marl.analysis.crosstable import play_crosstable
from marl.core.errors import ConfigError
from marl.launch.alternation import Alternation, Version
from marl.training.run_config import RunConfig, read_config

NETWORKS: dict[str, Any] = {
    "encoder": {"hidden": [8], "temporal": "none"},
    "graph": {"kind": "none"},
    "critic": {"hidden": [8], "entity_hidden": [8]},
}
RUN = {"total_env_steps": 64, "num_copies": 4, "rollout_length": 8, "evaluation_episodes": 2, "threads": 1}
PREDATORS = {"name": "simple_tag", "team": {"B": 2}, "classes": {"B": ["prey"]}, "prey": "flee", "max_cycles": 10}
PREY = {
    "name": "simple_tag",
    "side": "prey",
    "team": {"P": 1},
    "classes": {"P": ["predators:3"]},
    "predators": "chase",
    "num_predators": 2,
    "max_cycles": 10,
}


def preset(env: dict[str, Any], **changes: Any) -> RunConfig[Any]:
    return read_config({"env": env, "policy": NETWORKS, **RUN, **changes})


def train(alternation: Alternation) -> list[Version]:
    """All versions, each trained when it is its turn."""
    versions = []
    for version in alternation.versions():
        version.train()
        versions.append(version)
    return versions


def test_each_side_goes_on_against_all_of_the_other(tmp_path: Path) -> None:
    alternation = Alternation((preset(PREDATORS), preset(PREY, seed=5)), tmp_path / "duel", 2)
    versions = train(alternation)
    out = tmp_path / "duel"
    assert [version.name for version in versions] == ["predators-1", "prey-1", "predators-2", "prey-2"]
    assert [version.folder for version in versions] == [out / version.name for version in versions]
    assert [version.against for version in versions] == [
        ("flee",),
        ("chase", str(out / "predators-1")),
        ("flee", str(out / "prey-1")),
        ("chase", str(out / "predators-1"), str(out / "predators-2")),
    ]
    envs = [version.config.env for version in versions]
    assert (envs[0].prey, envs[0].training_prey) == ("flee", ())
    assert envs[3].training_predators == versions[3].against
    # evaluated against the newest
    assert [envs[1].predators, envs[2].prey, envs[3].predators] == [v.against[-1] for v in versions[1:]]
    assert [version.config.initial_policy for version in versions] == [None, None, out / "predators-1", out / "prey-1"]
    assert [version.config.seed for version in versions] == [1, 5, 2, 6]
    assert all(version.finished for version in versions)
    scores = marl.evaluate(out / "predators-2", episodes=2, prey=str(out / "prey-2"))
    assert scores["prey"] == str(out / "prey-2")


def test_a_preset_of_its_own_pool_keeps_it(tmp_path: Path) -> None:
    own = preset({**PREDATORS, "prey": "still", "training_prey": ["random", "still"]})
    alternation = Alternation((preset(PREY), own), tmp_path, 1)
    assert alternation.sides == ("prey", "predators")
    prey, predators = train(alternation)
    assert prey.against == ("chase",)
    assert predators.against == ("random", "still", str(tmp_path / "prey-1"))


def test_it_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    presets = preset(PREDATORS, checkpoint_interval=32), preset(PREY, checkpoint_interval=32)
    whole = train(Alternation(presets, tmp_path / "whole", 2))
    cut = Alternation(presets, tmp_path / "cut", 2)
    turns = cut.versions()
    next(turns).train()

    def die(progress: Any) -> None:
        raise Crash

    second = next(turns)
    with pytest.raises(Crash):
        second.train([EachIteration(die)])
    assert not second.finished
    again = Alternation(presets, tmp_path / "cut", 2)
    assert [version.finished for version, _ in zip(again.versions(), range(2), strict=False)] == [True, False]
    for version, expected in zip(train(again), whole, strict=True):
        one, two = marl.load(version.folder).state_dict(), marl.load(expected.folder).state_dict()
        assert all(torch.equal(one[name], two[name]) for name in one), version.name


def test_a_version_killed_before_its_first_checkpoint_begins_anew(tmp_path: Path) -> None:
    alternation = Alternation((preset(PREDATORS), preset(PREY)), tmp_path, 1)
    first = next(alternation.versions())

    def die(progress: Any) -> None:
        raise Crash

    with pytest.raises(Crash):
        first.train([EachIteration(die)])
    again = next(alternation.versions())
    assert not again.begun
    assert again.train().finished


def test_a_trained_policy_without_checkpoints_is_not_removed(tmp_path: Path) -> None:
    alternation = Alternation((preset(PREDATORS), preset(PREY)), tmp_path, 1)
    first = next(alternation.versions())
    first.train()
    shutil.rmtree(first.folder / "checkpoints")
    with pytest.raises(ConfigError, match="predators-1 has no checkpoint to go on from, but holds 'policy'"):
        next(alternation.versions()).train()
    marl.load(first.folder)


@pytest.fixture(scope="module")
def duel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions. Tests must not change them."""
    out = tmp_path_factory.mktemp("alternation")
    train(Alternation((preset(PREDATORS), preset(PREY)), out, 1))
    return out


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 9}, "seed is 9, but the run .*predators-1 was trained with 1"),
        ({"algorithm": {"name": "a2c"}}, "algorithm.name is 'a2c', but the run .*predators-1 was trained with 'ppo'"),
        ({"algorithm": {"name": "ppo", "gamma": 0.5}}, "algorithm.gamma is 0.5, but the run"),
        ({"rollout_length": 4}, "rollout_length is 4, but the run .*predators-1 was trained with 8"),
        ({"total_env_steps": 96}, "total_env_steps is 96, but the run .*predators-1 was trained with 64"),
        ({"total_env_steps": 32}, "total_env_steps is 32, but the run .*predators-1 was trained with 64"),
        ({"initial_policy": "elsewhere"}, "initial_policy is 'elsewhere', but the run .* was trained with None"),
    ],
)
def test_other_settings_are_refused_for_what_is_there(changes: dict[str, Any], message: str, duel: Path) -> None:
    other = Alternation((preset(PREDATORS, **changes), preset(PREY)), duel, 2)
    with pytest.raises(ConfigError, match=message):
        next(other.versions())


def test_more_rounds_go_on_and_every_version_is_compared(duel: Path) -> None:
    turns = Alternation((preset(PREDATORS, log_interval=1), preset(PREY)), duel, 2).versions()
    assert [next(turns).finished for _ in range(3)] == [True, True, False]
    turns = Alternation((preset(PREDATORS), preset(PREY, total_env_steps=96)), duel, 2).versions()
    assert next(turns).finished
    with pytest.raises(ConfigError, match=r"total_env_steps is 96, but the run .*prey-1 was trained with 64"):
        next(turns)


@pytest.mark.parametrize(
    ("first", "second", "rounds", "message"),
    [
        (
            PREDATORS,
            PREDATORS,
            1,
            "the presets train predators of simple_tag and predators of simple_tag; give one for",
        ),
        (PREDATORS, PREY, 0, "rounds is 0; give at least 1"),
        # seen plainly, five predators are more than two
        (
            PREDATORS,
            {**PREY, "classes": {"P": ["predators"]}, "num_predators": 5},
            1,
            "the sides cannot meet: env: .*duel/prey: class 'P' was trained to see 5 predators and would see 2 here",
        ),
        ({**PREDATORS, "continuous_actions": True}, PREY, 1, "the sides cannot meet: .*predators acts continuously"),
    ],
)
def test_what_cannot_be_trained_is_refused_at_once(
    first: dict[str, Any], second: dict[str, Any], rounds: int, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        Alternation((preset(first), preset(second)), tmp_path / "duel", rounds)
    assert not (tmp_path / "duel").exists()


def test_sides_of_any_environment_are_trained_in_turn(tmp_path: Path) -> None:
    """Each preset fixes the other side; versions of it join who the preset names."""
    env = {"name": "meeting", "max_cycles": 10}
    sides = {"one": {"classes": ["A"]}, "two": {"classes": ["B"]}}
    presets = [
        preset(
            env,
            sides={name: {**side, **({"fixed": "random"} if name != learns else {})} for name, side in sides.items()},
        )
        for learns in sides
    ]
    out = tmp_path / "duel"
    alternation = Alternation((presets[0], presets[1]), out, 2)
    versions = train(alternation)
    assert [version.against for version in versions] == [
        ("random",),
        ("random", str(out / "one-1")),
        ("random", str(out / "two-1")),
        ("random", str(out / "one-1"), str(out / "one-2")),
    ]
    first, last = (marl.load(version.folder).policies for version in (versions[1], versions[3]))  # type: ignore[operator]
    assert len(last["one"].policies) == 3
    kept = last["one"].policies[1].state_dict()
    assert all(kept[name].equal(tensor) for name, tensor in first["one"].policies[1].state_dict().items())
    assert any(not tensor.equal(last["two"].state_dict()[name]) for name, tensor in first["two"].state_dict().items())
    table = play_crosstable(alternation, 2)
    assert (table.rows, table.columns) == (("random", "one-1", "one-2"), ("random", "two-1", "two-2"))
    both_learn = preset(env, sides=sides)
    with pytest.raises(
        ConfigError, match="of the sides of a preset one, two learn; to train them in turn, each of two"
    ):
        Alternation((both_learn, presets[1]), out, 2)
