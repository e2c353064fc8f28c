"""The policies that come with the package work by name, from any folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from safetensors import safe_open

import marl
from marl.cli.main import main
from marl.envs.simple_tag.config import SimpleTagConfig
from marl.envs.simple_tag.shipped import SHIPPED
from marl.envs.simple_tag.task import task

TOP = Path(__file__).parents[3]
NAMES = [(side, name) for side, policies in SHIPPED.items() for name in policies]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from (key, *texts(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize(("side", "name"), NAMES)
def test_each_is_small_knows_its_side_and_names_no_folder(side: str, name: str) -> None:
    path = task.policies[name] / "policy.safetensors"
    assert path.stat().st_size < 1_000_000
    assert marl.make(name).agent_noun == {"predators": "predator", "prey": "prey"}[side]
    with safe_open(path, framework="pt") as file:
        description = json.loads(file.metadata()["state"])["dict"]["description"]
    words = list(texts(description))
    assert "simple_tag" in words
    assert not [word for word in words if "/" in word or "\\" in word]


def test_they_are_package_data() -> None:
    """The pattern of setup.cfg, and no file beside what it takes in."""
    assert "policies/*/policy.safetensors" in (TOP / "setup.cfg").read_text()
    there = {path for path in (TOP / "envs" / "simple_tag" / "policies").rglob("*") if path.is_file()}
    assert there == {(folder / "policy.safetensors").resolve() for folder in task.policies.values()}


def test_a_team_and_its_prey_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    command = "evaluate predator_team --prey held_out_prey --episodes 2 --json o.json"
    assert main(command.split()) == 0
    told = json.loads(Path("o.json").read_text())
    assert (told["policy"], told["prey"]) == ("predator_team", "held_out_prey")
    assert main(["render", "predator_team", "--prey", "held_out_prey", "--max-cycles", "3", "--out", "e.gif"]) == 0
    capsys.readouterr()
    assert main(["evaluate", "predator_tame"]) == 2
    assert "predator_tame does not exist; " in capsys.readouterr().err
    assert main(["evaluate", "predator_team", "--prey", "predator_team"]) == 2
    assert "prey is 'predator_team'; what there is: random, still, flee, held_out_prey" in capsys.readouterr().err


def test_the_held_out_prey_plays_among_any_number() -> None:
    for team in ("A=1", "A=3,B=6"):
        settings = {"name": "simple_tag", "num_obstacles": 3}
        told = marl.evaluate(None, 2, policy="chase", settings=settings, team=team, prey="held_out_prey")
        assert told["prey"] == "held_out_prey"


def test_prey_learn_against_the_team_by_name() -> None:
    env = {"side": "prey", "team": {"P": 1}, "classes": {"P": ["predators:4"]}, "predators": "predator_team"}
    config = SimpleTagConfig.model_validate(env)
    assert config.predators == "predator_team"
    task.make(config, 1, training=True).reset(0)


def test_no_preset_trains_against_the_held_out_prey() -> None:
    presets = list((TOP / "experiments/presets").glob("*.yaml"))
    assert len(presets) >= 4
    for path in presets:
        assert "held_out_prey" not in texts(yaml.safe_load(path.read_text()))


def test_a_folder_goes_before_a_policy_of_its_name(tmp_path: Path) -> None:
    policy = tmp_path / "held_out_prey" / "policy"
    policy.mkdir(parents=True)
    (policy / "policy.safetensors").write_bytes((task.policies["held_out_prey"] / "policy.safetensors").read_bytes())
    assert SimpleTagConfig(prey="held_out_prey").prey == str(tmp_path / "held_out_prey")
