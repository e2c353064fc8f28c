from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from marl.analysis.generalisation.arms import TrainedRun, arms_of, differing, read_trained_run
from marl.core.errors import ConfigError

Variant = Callable[..., TrainedRun]


def test_runs_that_differ_in_the_seed_only_are_one_arm(variant: Variant) -> None:
    runs = [
        variant("team-1", seed=1),
        variant("other", total_env_steps=99),
        variant("team-2", seed=2, device="cpu", threads=2, evaluation_episodes=9),
    ]
    arms = arms_of(runs)
    assert [(arm.name, [run.seed for run in arm.runs]) for arm in arms] == [("team", [1, 2]), ("other", [1])]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("predator_teams-1", "predator_teams-12"), "predator_teams"),
        (("v2-seed1", "v2-seed2"), "v2"),
        (("x_s_1", "x_s_2"), "x_s"),
        (("mixed/seed-1", "mixed/seed-2"), "mixed"),
        (("here/one", "there/two"), "trained A=2,B=2"),
        (("here/seed-1",), "here/seed-1"),
    ],
)
def test_an_arm_is_called_what_its_folders_have_in_common(
    variant: Variant, names: tuple[str, ...], expected: str
) -> None:
    runs = [variant(name, seed=seed) for seed, name in enumerate(names)]
    assert [arm.name for arm in arms_of(runs)] == [expected]


def test_names_are_unique(variant: Variant) -> None:
    runs = [variant("a/x", seed=1), variant("b/x", total_env_steps=5), variant("chase", total_env_steps=6)]
    assert [arm.name for arm in arms_of(runs, ["chase", "random"])] == ["x", "x (2)", "chase (2)"]


def test_a_policy_without_config_is_an_arm_of_its_own(variant: Variant, tmp_path: Path) -> None:
    run = variant("x-1")
    alone = tmp_path / "moved"
    shutil.copytree(run.folder / "policy", alone / "policy")
    arms = arms_of([run, read_trained_run(alone), read_trained_run(variant("x-2", seed=2).folder / "policy")])
    assert [arm.name for arm in arms] == ["x-1", "moved", "x-2"]
    assert arms[1].runs[0].seed is None
    assert arms[1].team == {"A": 2, "B": 2}


def test_the_same_seed_twice_is_refused(variant: Variant) -> None:
    with pytest.raises(ConfigError, match=r"a and .*b are the same training with the same seed"):
        arms_of([variant("a"), variant("b")])


def test_a_config_that_cannot_be_read_says_how_to_do_without(variant: Variant) -> None:
    folder = variant("x").folder
    (folder / "config.yaml").write_text(yaml.safe_dump({"env": {"name": "simple_tag", "speed": 3}}))
    with pytest.raises(ConfigError, match=r"env.speed.*name .*x/policy to do without"):
        read_trained_run(folder)


def test_differing_settings_are_named_with_both_values(variant: Variant) -> None:
    one = variant("a", env={"prey": "flee"})
    other = variant("b", seed=5, total_env_steps=7, env={"team": {"A": 1, "B": 1}})
    assert differing(one, other, ["env.team"]) == ["env.prey flee and random", "total_env_steps 1280 and 7"]


@pytest.mark.parametrize(
    ("drawn", "team", "expected"),
    [
        (None, {"A": 2, "B": 2}, True),
        (None, {"A": 1, "B": 2}, False),
        ({"A": [1, 4], "B": [1, 2]}, {"A": 4, "B": 1}, True),
        ({"A": [1, 4], "B": [1, 2]}, {"A": 2, "B": 3}, False),
        ({"A": [1, 4]}, {"A": 2, "B": 1}, False),
        ([{"A": 1, "B": 3}, {"A": 2}], {"A": 2, "B": 0}, True),
        ([{"A": 1, "B": 3}, {"A": 2}], {"A": 2, "B": 2}, False),
    ],
)
def test_which_compositions_training_saw(variant: Variant, drawn: object, team: dict[str, int], expected: bool) -> None:
    assert variant("x", env={"training_teams": drawn}).trained_at(team) == expected


@pytest.mark.parametrize(
    ("drawn", "mixed"),
    [
        ([{"A": 2}], False),
        ([{"A": 2, "B": 0}, {"A": 2}], False),
        ({"A": [2, 2]}, False),
        ({"A": [2, 2], "B": [0, 1]}, True),
        ([{"A": 2}, {"A": 2, "B": 1}], True),
        ([{"A": 1}], True),
    ],
)
def test_training_teams_of_the_team_alone_are_one_composition(variant: Variant, drawn: object, mixed: bool) -> None:
    assert variant("x", env={"team": {"A": 2}, "training_teams": drawn}).mixed == mixed


def test_a_curriculum_of_teams_is_training_at_several_compositions(variant: Variant) -> None:
    stages = [{"teams": [{"A": 1, "B": 1}], "until": 3.0}, {}]
    run = variant("x", env={"curriculum": {"stages": stages}})
    assert run.mixed
    seen = [run.trained_at({"A": a, "B": b}) for a, b in ((1, 1), (2, 2), (1, 2))]
    assert seen == [True, True, False]
    slower = variant("y", env={"curriculum": {"stages": [{"prey_speed": 0.5, "until": 3.0}, {}]}})
    assert not slower.mixed
