from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from marl.analysis.generalisation import cell_evaluations
from marl.cli.main import main

COMMAND = ["--teams", "1+1,A=3+B=1", "--episodes", "4", "--seed", "3", "--jobs", "1"]


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")


def test_a_run_is_played_and_the_report_written(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "report"
    assert (
        main(["generalise", str(run), "--out", str(out), "--prey", "still,flee", "--natives", str(run), *COMMAND]) == 0
    )
    report = json.loads((out / "report.json").read_text())
    assert (report["protocol"]["episodes"], report["protocol"]["seed"]) == (4, 3)
    text = capsys.readouterr().out
    assert "contacts per episode, prey flee, arena fixed, 4 episodes, seed 3" in text
    for words in ("1+1", "3+1", "small", "small, messages off", "native 2+2", "chase", "random", "(1 seed)"):
        assert words in text
    note = "small, native 2+2: one training seed, so the interval is over episodes"
    assert text.index(note) < text.index("contacts per episode") < text.rindex(note)
    assert str(out / "curves_fixed.png") in text
    assert f"--logdir {out / 'tensorboard'}" in text


def test_the_table_shows_the_value_its_interval_and_the_ratio(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["generalise", str(run), "--out", str(tmp_path / "r"), "--prey", "still", "--natives", str(run)]
    assert main([*command, "--teams", "2+2", "--episodes", "60", "--jobs", "1"]) == 0
    report = json.loads((tmp_path / "r" / "report.json").read_text())
    chase = next(row for row in report["results"] if row["policy"] == "chase")["measures"]["contacts_per_episode"]
    low, high = chase["ci95_over_episodes"]
    ratio = next(row for row in report["comparisons"] if row["policy"] == "chase")["ratio"]["value"]
    text = capsys.readouterr().out
    assert f"{chase['value']:.1f}" in text
    assert f"[{low:.1f}, {high:.1f}]*" in text
    assert f"{ratio:.2f}" in text


def test_sigterm_says_how_to_go_on(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(play: Any) -> Any:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(cell_evaluations, "evaluate_cell", stop)
    out = str(tmp_path / "a folder")
    assert main(["generalise", str(run), "--out", out, *COMMAND]) == 143
    assert f"generalise {run} --out '{out}' --teams 1+1,A=3+B=1" in capsys.readouterr().out


def test_what_cannot_be_meant_ends_with_2(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generalise", str(run), "--out", str(tmp_path / "r"), "--teams", "9"]) == 2
    assert "teams '9': '9' has 1 counts" in capsys.readouterr().err
    assert main(["generalise", str(tmp_path), "--out", str(tmp_path / "r"), "--teams", "1+1"]) == 2
    assert "holds no trained policy" in capsys.readouterr().err


def test_help_names_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generalise", "--help"]) == 0
    text = capsys.readouterr().out
    for option in (
        "RUN [RUN...]",
        "--teams",
        "--prey",
        "--natives",
        "--arena",
        "--jobs",
        "--out",
        "3+1",
        "A=3+B=1",
        "--env.arguments.NAME",
    ):
        assert option in text


def test_an_argument_of_the_environment_takes_the_place_of_teams(
    walkers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["generalise", str(walkers / "x-1"), "--out", str(tmp_path / "r"), "--episodes", "2", "--jobs", "1"]
    trust = ["--trust", "line_pettingzoo", "--natives", str(walkers / "natives")]
    assert main([*command, *trust, "--env.arguments.walkers", "1,5"]) == 0
    text = capsys.readouterr().out
    assert "\nreturn per agent, 2 episodes, seed 0\n" in text
    for words in ("walkers=1", "walkers=5", "8.00", "2.00", f"{tmp_path / 'r' / 'curves.png'}"):
        assert words in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--env.arguments.walkers", ""], "argument walkers has no values; give some, e.g. 5,20,40"),
        (["--env.arguments.walkers"], "argument walkers has no values"),
        (["--env.arguments.walkers=5,,6"], "--env.arguments.walkers is '5,,6'; give values between commas"),
        (["--env.arguments.walkers", "5", "--teams", "1"], "teams '1' and arguments {'walkers': [5]} are given"),
        (["--env.arguments.", "5"], "--env.arguments. 5: only an argument is changed: --env.arguments.NAME 5,20,40"),
        (["--env.wrappers", "x.y"], "--env.wrappers x.y: only an argument is changed"),
        (["--env.arguments.runners", "5"], "runners=5: env: line_pettingzoo:Line cannot be made with"),
        ([], "no size is given; give compositions (--teams 1+1,2+2)"),
    ],
)
def test_sizes_that_cannot_be_meant_end_with_2(
    walkers: Path, tmp_path: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["generalise", str(walkers / "x-1"), "--out", str(tmp_path / "r"), "--trust", "line_pettingzoo"]
    assert main([*command, *words]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
