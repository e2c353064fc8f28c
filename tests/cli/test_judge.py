from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from marl.cli.judge import mistakes_table
from marl.players.judge import judge

Cli = Callable[..., tuple[int, str, str]]


def test_the_table_and_the_file_tell_the_mistakes(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    line = "judge tic_tac_toe negamax:9 first --positions 20 --seed 1 --json out.json"
    status, out, err = cli(*line.split())
    assert (status, err) == (0, "")
    rows = [" ".join(row.split()) for row in out.splitlines()]
    assert "all negamax:9 0 of 20 0.0 [0.0, 16.1]" in rows  # 0 of 20, as Newcombe (1998) has it
    report = json.loads((tmp_path / "out.json").read_text())
    first = report["players"][1]["buckets"]["all"]
    low, high = (100 * end for end in first["share_ci95"])
    assert f"first {first['mistakes']} of 20 {100 * first['share']:.1f} [{low:.1f}, {high:.1f}]" in rows
    assert rows[-1] == "wrote out.json"
    assert cli(*line.split())[1] == out


def test_long_names_leave_the_numbers_whole() -> None:
    report = judge("tic_tac_toe", ["first"], 20, 1)
    (first,) = report.players
    (found,) = first.buckets.values()
    console = Console(file=io.StringIO(), width=80)
    console.print(mistakes_table(replace(report, players=(replace(first, player="az:" + "runs/nine/" * 9),))))
    row = console.file.getvalue().splitlines()[4]
    low, high = (100 * end for end in found.share_ci95)
    assert row.split()[-6:] == f"{found.mistakes} of 20 {100 * found.share:.1f} [{low:.1f}, {high:.1f}]".split()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("quarto random", "quarto has no judge; there is one of connect_four, nine_board, tic_tac_toe"),
        ("tic_tac_toe", "nobody is judged; name a player, e.g. uct:1000"),
        ("tic_tac_toe random --positions 5000", "--positions is 5000; give at most 4,520"),
        ("tic_tac_toe random --seed -1", "--seed is -1; give at least 0"),
        ("tic_tac_toe random --json nowhere/x.json", "--json nowhere/x.json: name a file in a folder that exists"),
    ],
)
def test_bad_input_is_refused(line: str, told: str, cli: Cli) -> None:
    status, out, err = cli("judge", *line.split())
    assert (status, out) == (2, "")
    assert told in err
