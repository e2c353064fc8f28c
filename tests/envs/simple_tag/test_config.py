from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from marl.envs.simple_tag.config import SimpleTagConfig

BOTH: dict[str, Any] = {
    "classes": {"A": ["prey"], "P": ["predators:2"]},
    "team": {"A": 2, "P": 1},
    "sides": {"hunters": ["A"], "prey": ["P"]},
}
PREY_LEARN = {"side": "prey", "team": {"P": 1}, "classes": {"P": ["predators"]}}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"prey": "fly"}, "prey is 'fly'; what there is: random, still, flee, held_out_prey, or the folder of a run"),
        (
            {"prey": "experiments"},
            "prey is 'experiments'; what there is: random, still, flee, held_out_prey, or the folder",
        ),
        (
            {"predators": "flee"},
            "predators is 'flee'; what there is: chase, random, still, predator_team, memory_team, or the folder",
        ),
        (BOTH | {"team": {"A": 1}}, "a team has no prey; give at least one, e.g. P=1"),
        (BOTH | {"training_teams": ({"P": 2},)}, "a team has no predators; give at least one, e.g. A=1"),
        (BOTH | {"prey": "flee"}, "prey is 'flee', but both sides are agents: .* sides.prey.fixed"),
        (BOTH | {"num_predators": 2}, "num_predators is 2, but both sides are agents: team has their numbers"),
        (BOTH | {"prey_noise": (0.0, 0.5)}, r"prey_noise is \(0.0, 0.5\), but both sides are agents"),
        (BOTH | {"backend": "pettingzoo"}, "sides are predators and prey and backend 'pettingzoo'; .* batched"),
        (BOTH | {"classes": {"A": ["prey"], "P": ["prey"]}}, "'P' sees 'prey', but is one of the prey; .* 'predators'"),
        (
            BOTH | {"sides": {"all": ["A", "P"], "prey": ["Q"]}},
            "sides have the class 'Q', which is not declared; .* A, P",
        ),
        (BOTH | {"sides": {"none": [], "prey": ["A", "P"]}}, "which leaves no class for the predators"),
        (
            BOTH | {"training_teams": {"A": [1, 1], "P": [1, 2]}},
            "several sizes, but a class sees each of its prey; let it see the nearest few, e.g. prey:2",
        ),
        ({"side": "both"}, "side\n.*'predators' or 'prey'.*'both'"),
        ({"backend": "mujoco"}, "backend\n.*'batched' or 'pettingzoo'.*'mujoco'"),
        ({**PREY_LEARN, "backend": "pettingzoo"}, "side is 'prey' and backend 'pettingzoo'; .* batched simulator only"),
        ({**PREY_LEARN, "classes": {"P": ["prey"]}}, "class 'P' sees 'prey', but prey learn; .* are 'predators'"),
        ({"classes": {"A": ["landmarks"], "B": ["predators"]}}, "'B' sees 'predators', but predators learn; .* 'prey'"),
        ({"classes": {"A": ["landmarks"], "B": ["predators:2"]}}, "'B' sees 'predators', but predators learn"),
        ({**PREY_LEARN, "training_num_predators": [2, 8]}, "a class sees each of the predators; .* predators:4"),
        (
            {**PREY_LEARN, "classes": {"P": ["predators:4"]}, "training_num_predators": [3, 2]},
            r"training_num_predators is \[3, 2\]; give two numbers from 1, the smaller first",
        ),
        # also a class that nobody plays
        ({"team": {"A": 1}, "classes": {"A": ["prey"], "C": ["predators"]}}, "class 'C' sees 'predators'"),
        ({"classes": {"A": ["walls"], "B": ["prey"]}}, "class 'A' sees 'walls'; what can be seen is landmarks, prey"),
        ({"classes": {"A": ["prey:0"], "B": ["prey"]}}, "class 'A' sees 'prey:0'; write prey for all, or prey:4"),
        ({"classes": {"A": [], "B": ["prey"]}}, "class 'A' sees nothing; give it at least one of landmarks"),
        ({"team": {"A": 2, "Z": 1}}, "team names class 'Z', which is not declared; declared are A, B"),
        ({"team": "A=0,B=0"}, "team {'A': 0, 'B': 0} has no predators; give at least one, e.g. A=1"),
        ({"team": {"A": 1_000_000}}, "team.A\n.*less than or equal to 4096.*input_value=1000000"),
        ({"team": {"A": 4000, "B": 97}}, "team {'A': 4000, 'B': 97} has 4,097 agents; give at most 4,096"),
        ({"classes": {f"C{i}": ["prey"] for i in range(257)}, "team": {"C0": 1}}, "257 classes are declared; .* 256"),
        ({"num_prey": 10**10}, "num_prey\n.*less than or equal to 4096"),
        ({"num_obstacles": 10**10}, "num_obstacles\n.*less than or equal to 4096"),
        ({"training_teams": {"A": [0, 10**9]}}, "less than or equal to 4096"),
        ({"training_teams": {"A": [0, 4000], "B": [0, 4]}}, "which are 20,005 teams; give at most 20,000"),
        ({"team": "A2"}, "team 'A2': 'A2' is not NAME=COUNT; write for example A=2,B=2"),
        ({"team": {"A": -1, "B": 2}}, "team.A\n.*greater than or equal to 0.*input_value=-1"),
        ({"prey_noise": [0.5, 0.2]}, r"prey noise is \(0.5, 0.2\); give two probabilities, the smaller first"),
        ({"prey_noise": [0.5, 1.2]}, r"prey noise is \(0.5, 1.2\)"),
        ({"num_prey": 0}, "num_prey\n.*greater than or equal to 1.*input_value=0"),
        ({"num_predators": 0}, "num_predators\n.*greater than or equal to 1.*input_value=0"),
        ({"num_obstacles": -1}, "num_obstacles\n.*greater than or equal to 0.*input_value=-1"),
        ({"max_cycles": 0}, "max_cycles\n.*greater than or equal to 1"),
        ({"communication": {"range": -0.5}}, "communication.range\n.*greater than or equal to 0.*input_value=-0.5"),
        ({"communication": {"nearest": 0}}, "communication.nearest\n.*greater than or equal to 1"),
        ({"communication": {"link_loss": 1.0}}, "link_loss is 1.0; give a probability of at least 0 and below 1"),
        ({"frame": "polar"}, "frame\n.*'absolute' or 'relative'.*'polar'"),
        ({"num_preys": 2}, "num_preys\n.*not permitted"),
        ({"communication": {"reach": 2}}, "communication.reach\n.*not permitted"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=f"(?s){message}"):
        SimpleTagConfig.model_validate(settings)


def test_a_team_may_be_written_as_text() -> None:
    assert SimpleTagConfig.model_validate({"team": "B=3, A=1"}).team == {"A": 1, "B": 3}


def test_settings_survive_being_written() -> None:
    config = SimpleTagConfig.model_validate(
        {**PREY_LEARN, "communication": None, "training_predators": ("chase", "still")}
    )
    assert SimpleTagConfig.model_validate(config.model_dump(mode="json")) == config


def test_bounds_stand_for_every_mix() -> None:
    config = SimpleTagConfig.model_validate({"training_teams": {"A": [0, 1], "B": [0, 2]}})
    assert config.drawn_teams == [
        [
            {"A": 0, "B": 1},
            {"A": 0, "B": 2},
            {"A": 1, "B": 0},
            {"A": 1, "B": 1},
            {"A": 1, "B": 2},
        ]
    ]
    assert SimpleTagConfig.model_validate(config.model_dump(mode="json")) == config
    as_text = SimpleTagConfig.model_validate({"training_teams": ["A=1,B=2", {"A": 3}]})
    assert as_text.drawn_teams == [[{"A": 1, "B": 2}, {"A": 3}]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"training_teams": []}, "is empty; name at least one team"),
        ({"training_teams": {"A": [0, 0], "B": [0, 0]}}, "is empty; name at least one team"),
        ({"training_teams": {"A": [3, 1]}}, r"\{'A': \(3, 1\)\}; give two numbers of at least 0, the smaller first"),
        ({"training_teams": {"C": [1, 2]}}, "'C', which is not declared"),
        ({"training_teams": ["A=1", "A=0"]}, "no predators"),
        ({"training_teams": ["A:1"]}, "'A:1' is not NAME=COUNT"),
        ({"arena": 2.0, "backend": "pettingzoo"}, r"arena is 2.0 and backend 'pettingzoo'"),
        ({"training_teams": ["A=1"], "classes": {"A": ["teammates"], "B": ["prey"]}}, "each of its teammates"),
        ({"training_predators": ["chase"]}, r"training_predators is \('chase',\), but predators learn"),
        ({"training_num_predators": [1, 2]}, "training_num_predators is .*, but predators learn"),
        ({**PREY_LEARN, "prey_noise": [0, 1]}, r"prey_noise is \(0.0, 1.0\), but prey learn"),
        ({**PREY_LEARN, "curriculum": {"stages": [{"until": 1.0}, {}]}}, "curriculum is .*, but prey learn"),
    ],
)
def test_bad_teams_and_settings_of_the_other_side_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SimpleTagConfig.model_validate(settings)


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([{"until": 1.0}], "at least 2 items"),
        ([{}, {}], "curriculum stage 1: every stage but the last needs until"),
        ([{"until": 1.0}, {"until": 1.0}], "curriculum stage 2: every stage but the last needs until"),
        ([{"until": 1.0, "prey_speed": 0}, {}], "greater than 0"),
        ([{"until": 1.0, "teams": []}, {}], "is empty"),
        ([{"until": 1.0, "teams": {"C": [1, 2]}}, {}], "'C', which is not declared"),
    ],
)
def test_bad_stages_are_refused(stages: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SimpleTagConfig.model_validate({"curriculum": {"stages": stages}})
