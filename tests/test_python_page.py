"""The code of docs/python.md, as it stands there but for the length of training, and the names in its tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import marl

PAGE = (Path(__file__).parent.parent / "docs/python.md").read_text(encoding="utf-8")
FILES = ["config.yaml", "system.json", "metrics.jsonl", "checkpoints/", "policy/", "best_policy/", "scores.csv"]


def test_its_code_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    short = "total_env_steps=2_048, evaluation_episodes=2, evaluation_interval=512"
    assert "evaluation_interval=2_500" in code
    exec(compile(code.replace("evaluation_interval=2_500", short), "docs/python.md", "exec"), {"__name__": "page"})
    finished, best = capsys.readouterr().out.splitlines()
    assert finished.startswith(("True {'mean'", "False {'mean'"))
    assert best == "negamax:9"
    named = re.findall(r"^\| `([a-z_.]+/?)`[ ,]", PAGE.partition("## The folder of a run")[2], re.MULTILINE)
    assert named == FILES
    assert [name for name in named if not (tmp_path / "runs/pole" / name).exists()] == []


def test_its_tables_name_what_there_is() -> None:
    functions = {name for name in marl.__all__ if name.islower() and not name.startswith("_")}
    assert set(re.findall(r"`marl\.([a-z]+)\(", PAGE)) == functions
    methods = set(re.findall(r"^\| `(\w+)\([a-z_, ]*\)` \|", PAGE, re.MULTILINE))
    assert methods == {name for name in vars(marl.Callback) if not name.startswith("__")}
