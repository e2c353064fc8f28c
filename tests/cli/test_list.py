from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import gymnasium
import pytest
import yaml

from marl.cli import list as listing
from marl.tasks.pettingzoo import names
from marl.training.run_config import load_config

Cli = Callable[..., tuple[int, str, str]]


def test_everything_has_a_name_and_a_purpose(cli: Cli) -> None:
    status, out, err = cli("list", "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert list(found) == ["presets", "environments", "algorithms", "policies", "players", "games"]
    names = {kind: {entry["name"] for entry in entries} for kind, entries in found.items()}
    assert {"cartpole_dqn", "predator_teams"} <= names["presets"]
    assert {"simple_tag", "CartPole-v1", "Acrobot-v1"} <= names["environments"]
    assert names["algorithms"] == {"ppo", "a2c", "reinforce", "dqn", "q_learning", "sarsa", "alpha_zero", "none"}
    assert names["policies"] == {"predator_team", "memory_team", "held_out_prey"}
    assert {"human", "uct:SIMULATIONS"} <= names["players"]
    assert names["games"] == {"connect_four", "nine_board", "quarto", "three_marks", "tic_tac_toe"}
    nameless = {entry["name"] for entries in found.values() for entry in entries if not entry["purpose"]}
    assert nameless == {"meeting"}  # of the tests, as one of another package may be


def test_each_stands_in_a_line(cli: Cli) -> None:
    status, out, _ = cli("list", "policies")
    assert status == 0
    lines = out.splitlines()
    assert lines[0] == "policies:"
    assert [line.split()[0] for line in lines[1:]] == ["predator_team", "memory_team", "held_out_prey"]
    assert lines[1].index("two predators") == lines[2].index("the same") == lines[3].index("a prey")


def test_gymnasiums_environments_are_told_by_what_is_registered(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "find_spec", lambda module: None)
    _, out, _ = cli("list", "environments", "--json")
    purpose = {entry["name"]: entry["purpose"] for entry in json.loads(out)["environments"]}
    assert purpose["MountainCar-v0"] == "Gymnasium, classic_control, at most 200 steps, solved at -110"
    assert purpose["CartPole-v1"].startswith("Gymnasium, classic_control, at most 500 steps, solved at 475")
    assert purpose["LunarLander-v3"].endswith(", needs the module Box2D")
    retired = {name for name in gymnasium.registry if name.startswith("Hopper-v")} - {"Hopper-v5"}
    assert retired and not retired & purpose.keys()


def test_pettingzoos_are_told_with_what_is_missing_and_mpe2s_with_them(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        names, "find_spec", lambda module: None if module in ("pymunk", "rlcard") else find_spec(module)
    )
    _, out, _ = cli("list", "environments", "--json")
    purpose = {entry["name"]: entry["purpose"] for entry in json.loads(out)["environments"]}
    needs = "needs the module pymunk: pip install 'pettingzoo[butterfly]'"
    assert purpose["butterfly/pistonball-v6"] == f"PettingZoo, all agents act at once, {needs}"
    assert purpose["classic/leduc_holdem-v4"].endswith("needs the module rlcard: pip install 'pettingzoo[classic]'")
    assert purpose["classic/connect_four-v3"] == "PettingZoo, agents take turns"
    assert purpose["mpe2.simple_spread_v3"] == "mpe2, all agents act at once"
    monkeypatch.setattr(names, "find_spec", lambda module: None)
    assert "mpe2.simple_spread_v3" not in cli("list", "environments")[1]


def test_runs_are_found_in_a_folder(cli: Cli, run: Path, tmp_path: Path) -> None:
    config = load_config(run / "config.yaml")
    (tmp_path / "new").mkdir()
    (tmp_path / "new/config.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json")), encoding="utf-8")
    _, out, _ = cli("list", "runs", tmp_path, "--json")
    (new,) = json.loads(out)["runs"]
    assert new == {
        "name": str(tmp_path / "new"),
        "environment": config.env.name,
        "algorithm": config.algorithm.name,
        "seed": config.seed,
        "env_steps": 0,
        "total_env_steps": config.total_env_steps,
    }
    _, out, _ = cli("list", "runs", run)
    assert str(config.total_env_steps) in out.splitlines()[2].split()[-2]  # saved at its end
    (tmp_path / "new/config.yaml").write_text("env: {}", encoding="utf-8")
    status, _, err = cli("list", "runs", tmp_path)
    assert status == 2 and "is not the configuration of a run ('name' is missing)" in " ".join(err.split())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("preset", "there is no list of 'preset'; did you mean presets? there is presets, environments"),
        ("runs", "runs are listed from a folder, and nothing else is: marl list runs FOLDER"),
        ("games here", "runs are listed from a folder, and nothing else is"),
        ("runs nowhere", "nowhere is no folder; name one with runs inside"),
    ],
)
def test_other_words_are_refused(line: str, message: str, cli: Cli) -> None:
    status, _, err = cli("list", *line.split())
    assert status == 2
    assert message in " ".join(err.split())


def test_a_task_without_a_purpose_is_listed(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    task = SimpleNamespace(policies={"mine": Path("mine")})
    monkeypatch.setattr("marl.core.entry_points.offered", lambda group: {"other": object()})
    monkeypatch.setattr("marl.tasks.registry.find_task", lambda name: task)
    assert listing._environments()["other"] == ""
    assert listing._policies() == {"mine": "trained on other"}


def test_the_complete_settings_are_printed_as_a_preset(cli: Cli, tmp_path: Path) -> None:
    status, out, _ = cli("train", "CartPole-v1", "--print-config", "--algorithm.name", "dqn", "--seed", "7")
    assert status == 0
    (tmp_path / "own.yaml").write_text(out, encoding="utf-8")
    config = load_config(tmp_path / "own.yaml")
    assert (config.env.name, config.algorithm.name, config.policy.kind, config.seed) == (
        "CartPole-v1",
        "dqn",
        "q_network",
        7,
    )
    assert cli("train", tmp_path / "own.yaml", "--print-config")[1] == out
    assert not (tmp_path / "own").exists()


def test_the_name_of_an_environment_is_that_typed_before_the_presets_is_looked_up(cli: Cli) -> None:
    status, out, _ = cli("train", "cartpole_ppo", "--env.name", "mpe2.simple_spread_v3", "--print-config")
    assert status == 0
    env = yaml.safe_load(out)["env"]
    assert (env["name"], env["reward"], "vectorization" in env) == ("mpe2.simple_spread_v3", "own", False)
