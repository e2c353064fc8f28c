"""The game and the table of docs/environments.md."""

from __future__ import annotations

import sys
from pathlib import Path

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
