from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from stranger import Stranger, stranger

from marl.core.errors import ConfigError, FileError
from marl.core.trust import UntrustedError
from marl.evaluation.access import check_fit, load, make, reference

__all__ = ["stranger"]

MEETING: dict[str, Any] = {"name": "meeting"}
LONE = {"observation": [0.0] * 6, "kinematics": [0.0] * 4}


def test_a_trained_policy_acts_in_its_environment_with_another_team(run: Path) -> None:
    policy = load(run)
    environment = make(run, num_copies=8, team="A=3,B=1")
    observation = environment.reset(seed=0)
    memory = policy.initial_memory(environment.num_copies, environment.roster.size)
    generator = torch.Generator().manual_seed(0)
    for _ in range(12):
        act = policy.act(observation, memory, generator)
        step = environment.step(act.action)
        observation = step.observation
        memory = act.memory.reset(step.ended)
    assert {name: action.shape for name, action in act.action.items()} == {"A": (8, 3), "B": (8, 1)}
    assert bool(step.ended.all())  # max_cycles is that of the run


def test_a_folder_without_a_policy_is_refused(tmp_path: Path) -> None:
    for use in (load, make):
        with pytest.raises(FileError, match="holds no trained policy"):
            use(tmp_path)


def test_settings_in_which_a_policy_predicts_are_those_of_its_training_but_for_what_may_change(run: Path) -> None:
    (action, _) = load(run, team="A=0,B=1").predict({"walker_0": {**LONE, "adjacency": [0]}}, deterministic=True)
    assert list(action) == ["walker_0"]
    with pytest.raises(ConfigError, match="bogus is 1: there is no such field"):
        load(run, bogus=1)
    with pytest.raises(ConfigError, match=r"classes.A is .* but the policy was trained with"):
        load(run, classes={"A": ["target"], "B": ["landmark"]})


def test_a_strangers_module_is_imported_for_spaces_only_if_it_is_trusted(stranger: Stranger) -> None:
    policy = load(stranger.run)
    with pytest.raises(UntrustedError, match=r"import it first or give trust=\['strange.maze'\]"):
        policy.predict([0.0] * 4)
    assert stranger.imports == 0
    assert load(stranger.run, trust="strange").predict([0.0] * 4)[0] in (0, 1)
    assert stranger.imports == 1
    assert policy.predict([0.0] * 4)[0] in (0, 1)  # it is imported already


def test_references_are_those_of_the_environment_and_random() -> None:
    environment = make(MEETING, num_copies=3)
    observation = environment.reset(seed=0)
    expected = environment.scripted()["approach"](observation, torch.Generator())
    chosen = reference("approach", environment).act(observation, None).action
    assert all(chosen[name].equal(expected[name]) for name in "AB")
    assert not reference("random", environment).act(observation, None).action["A"].equal(expected["A"])
    with pytest.raises(ConfigError, match="policy is 'chess'; this environment has random, approach"):
        reference("chess", environment)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"classes": {"A": ["landmark"], "C": ["target"]}, "team": "A=1,C=1"},
            "no class 'C'; it was trained with A",
        ),
        (
            {"classes": {"A": ["landmark", "target"], "B": ["target"]}},
            "class 'A' was trained with 6 features and 5 discrete actions, and here has 8 and 5 .*teammates:2",
        ),
        ({"continuous_actions": True}, "6 features and 5 discrete actions, and here has 6 and 2 continuous"),
    ],
)
def test_a_policy_fits_where_its_classes_see_and_do_the_same(changes: dict[str, Any], message: str, run: Path) -> None:
    policy = load(run)
    check_fit(policy, make(MEETING, team="A=5,B=0"))
    with pytest.raises(ConfigError, match=message):
        check_fit(policy, make(MEETING, **changes))
