"""The commands of docs/alpha_zero.md, as they stand there but for the length of training and the number of games."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from marl.cli.main import main

PAGE = (Path(__file__).parent.parent / "docs/alpha_zero.md").read_text(encoding="utf-8")
SHORT = {
    "train": "--total-env-steps 64 --num-copies 4 --rollout-length 8 --evaluation-episodes 2 "
    "--algorithm.search.simulations 4",
    "evaluate": "--episodes 2",
    "judge": "--positions 5",
    "render": "",
}


def test_its_commands_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    block = re.findall(r"^```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]
    lines = [shlex.split(line)[1:] for line in block.splitlines()]
    assert [command[0] for command in lines] == ["train", "evaluate", "tournament", "judge", "render"]
    for command in lines:
        shorter = [{"200": "2", "uct:1000": "uct:10"}.get(word, word) for word in command]
        more = SHORT.get(command[0], "--jobs 1").split()
        assert main([*shorter, *more]) == 0, (command, capsys.readouterr().err)
    assert (tmp_path / "game.gif").is_file()
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    capsys.readouterr()
    exec(compile(code, "docs/alpha_zero.md", "exec"), {})
    assert int(capsys.readouterr().out) in range(9)
