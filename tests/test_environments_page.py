"""The game and the table of docs/environments.md."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from pages import TOP, blocks

import marl
from marl.core.reading import read_json

PAGE = (TOP / "docs/environments.md").read_text(encoding="utf-8")


def test_its_game_is_learnt_to_perfection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of six matches; a position is lost if one, or five, are left: best is to leave the other one of those."""
    (code,) = (block.code for block in blocks("docs/environments.md") if block.file == "my_game.py")
    Path(tmp_path / "my_game.py").write_text(code, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_game", raising=False)
    game = {"name": "my_game:Matches", "arguments": {"matches": 6}}
    settings = {"total_env_steps": 24_000, "evaluation_interval": 100_000}
    policy = marl.train({"env": game}, out="runs/six", seed=1, **settings).policy
    for left in (2, 3, 4, 6):
        seen = (np.arange(6) < left).astype(np.float32)
        mask = (np.arange(3) < left).astype(np.int8)
        action, _ = policy.predict(seen, agent="player_0", action_mask=mask, deterministic=True)
        assert left - 1 - action == (5 if left == 6 else 1), left


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """``experiments/pettingzoo_environments.py``."""
    monkeypatch.syspath_prepend(TOP / "experiments")
    return import_module("pettingzoo_environments")


def test_its_table_is_that_of_the_results(script: ModuleType) -> None:
    rows = read_json(TOP / "experiments/results/pettingzoo_environments.json")
    assert list(rows) == [name for family in script.FAMILIES.values() for name in family.names]
    assert script.table(rows) == PAGE.partition("<!-- table -->\n")[2].partition("\n<!-- end of table -->")[0]
    assert all(row[command]["status"] == 0 for row in rows.values() for command in ("check", "train", "evaluate"))


def test_environments_whose_packages_are_missing_are_left_out_by_name(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried: list[str] = []

    def measured(name: str, runs: Path) -> dict[str, Any]:
        tried.append(name)
        return {command: {"status": 0} for command in script.commands(name, runs)}

    monkeypatch.setattr(script, "find_spec", lambda module: module not in ("magent2", "numba") or None)
    monkeypatch.setattr(script, "measure", measured)
    script.main(only=("battle", "DSSE", "spread"), out=tmp_path / "rows.json")
    told = capsys.readouterr().out
    assert tried == ["mpe2.simple_spread_v3"] == list(read_json(tmp_path / "rows.json"))
    assert "magent2.environments.battle_v4 is left out: magent2 is not installed (marl-teams[magent2])" in told
    assert "DSSE:DroneSwarmSearch is left out: numba is not installed (marl-teams[pettingzoo,fast]" in told


def test_a_row_says_where_there_are_no_pictures_and_what_is_trusted(script: ModuleType) -> None:
    check = {
        "classes": {"drone": {"agents": ["drone0", "drone1"]}},
        "moves": "all at once",
        "masks": None,
        "warnings": [],
    }
    done = {command: {"status": 0} for command in ("check", "train", "evaluate")}
    rows = {
        "without": {**done, **script.told({**check, "pictures": "this environment cannot be drawn"})},
        "failed": {**done, "render": {"status": 2}, **script.told({**check, "pictures": "360 x 376 pixels"})},
    }
    without, failed = script.table(rows).splitlines()[2:]
    assert without == "| `without` | 2 drone | all at once |  | yes | yes | yes | no pictures |"
    assert failed.endswith("| yes | status 2 |")
    words = script.commands("DSSE:DroneSwarmSearch", Path("runs/drones"))
    assert "--trust" not in words["train"] and words["evaluate"][-2:] == ["--trust", "DSSE"]
    assert words["train"][2:4] == words["check"][2:4] == ["--env.arguments.drone_amount", "4"]
