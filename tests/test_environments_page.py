"""The commands and code of docs/environments.md, as they stand there but for the length of training."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

import marl
from marl.cli.main import main
from marl.core.reading import read_json

TOP = Path(__file__).parent.parent
PAGE = (TOP / "docs/environments.md").read_text(encoding="utf-8")
SAVED = ("my_rules", "my_team", "my_game")
"""Modules of the page, in its order; what follows is run."""
SHORT = "--total-env-steps 256 --num-copies 4 --rollout-length 16 --evaluation-episodes 2"


def blocks(language: str) -> list[str]:
    """The page's blocks of code in a language."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [code for named, code in fenced if named == language]


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a reader who has saved the rule and the two environments."""
    for name, code in zip(SAVED, blocks("python"), strict=False):
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name in SAVED:
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def test_its_commands_and_loops_work(reader: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [shlex.split(line)[1:] for block in blocks("") for line in block.splitlines() if line.startswith("marl ")]
    assert len(lines) >= 8
    for command in lines:
        quick = {"train": SHORT.split(), "evaluate": ["--episodes", "2"], "check": ["--episodes", "1"]}
        quick["generalise"] = ["--episodes", "2", "--jobs", "1"]
        shorter = [word for word in command if word not in ("--total-env-steps", "100000", "--episodes", "100")]
        assert main([*shorter, *quick.get(command[0], [])]) == 0, (command, capsys.readouterr().err)
    for code in blocks("python")[len(SAVED) :]:
        exec(compile(code, "docs/environments.md", "exec"), {})


def test_its_game_is_learnt_to_perfection(reader: Path) -> None:
    """Of six matches; a position is lost if one, or five, are left: best is to leave the other one of those."""
    game = {"name": "my_game:Matches", "arguments": {"matches": 6}}
    settings = {"total_env_steps": 24_000, "evaluation_interval": 100_000}
    policy = marl.train({"env": game}, out="runs/six", seed=1, **settings).policy
    for left in (2, 3, 4, 6):
        seen = (np.arange(6) < left).astype(np.float32)
        mask = (np.arange(3) < left).astype(np.int8)
        action, _ = policy.predict(seen, agent="player_0", action_mask=mask, deterministic=True)
        assert left - 1 - action == (5 if left == 6 else 1), left


def test_its_table_is_that_of_the_results() -> None:
    sys.path.insert(0, str(TOP / "experiments"))
    try:
        from pettingzoo_environments import FAMILIES, table
    finally:
        sys.path.pop(0)
    rows = read_json(TOP / "experiments/results/pettingzoo_environments.json")
    assert list(rows) == [name for family in FAMILIES.values() for name in family.names]
    assert table(rows) == PAGE.partition("<!-- table -->\n")[2].partition("\n<!-- end of table -->")[0]
    assert all(row[command]["status"] == 0 for row in rows.values() for command in ("check", "train", "evaluate"))
