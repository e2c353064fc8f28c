from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from marl.cli.main import main
from marl.players.tournament import games


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)


def tournament(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["tournament", *arguments])
    return status, *capsys.readouterr()


def test_the_tables_and_the_file_tell_who_won(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command = "tic_tac_toe first rules random --games 20 --openings none --seed 1 --jobs 1 --json out.json"
    status, out, err = tournament(capsys, *command.split())
    assert (status, err) == (0, "")
    report = json.loads((tmp_path / "out.json").read_text())
    assert (report["games_planned"], report["games_played"], report["seed"]) == (60, 60, 1)
    pair = report["pairs"][0]
    assert (pair["first"], pair["second"], pair["won"], pair["lost"], pair["drawn"]) == ("first", "rules", 0, 20, 0)
    lines = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    # 0 of 20, as Newcombe (1998) has it
    assert "first - rules 20 0/20/0 0.000 [0.000, 0.161]" in " ".join(out.split())
    best = report["players"][0]
    assert best["player"] == "rules"
    assert f"{best['elo']:+.0f}" in lines["rules"]
    assert "wrote tournament.png\nwrote out.json\n" in out
    assert "openings" not in out.replace("over openings", "")
    assert {path.name for path in tmp_path.iterdir()} == {"tournament.png", "out.json"}


def test_an_open_interval_is_drawn_open(capsys: pytest.CaptureFixture[str]) -> None:
    command = "tic_tac_toe --players first,rules --games 2 --openings none --jobs 1 --out x.png"
    _, out, _ = tournament(capsys, *command.split())
    # 2 games won and the added draw: 200 log10 5 = 140, of three games with p = 5 / 6 less 1.96 * 134.6
    assert "rules +140 [-124, …]" in " ".join(out.split())
    assert "first -140 […, +124]" in " ".join(out.split())


def test_paired_openings_are_drawn_by_the_seed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    def played(*more: str) -> Any:
        command = "tic_tac_toe first rules --games 40 --jobs 1 --json out.json"
        status, out, _ = tournament(capsys, *command.split(), *more)
        assert status == 0 and "Games begin with drawn openings, each played from all seats" in out
        report = json.loads((tmp_path / "out.json").read_text())
        return [report["pairs"][0][key] for key in ("won", "lost", "drawn", "by_seat_of_first")]

    assert played("--seed", "1") == played("--seed", "1") != played("--seed", "2")
    assert played("--openings", "paired", "--opening-plies", "3") != played()
    assert played("--openings", "paired", "--opening-plies", "2") == played()


def test_classic_negamax_always_begins_and_never_loses(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command = "tic_tac_toe negamax:9 uct:1 random --games 30 --classic --jobs 1 --json out.json"
    assert tournament(capsys, *command.split())[0] == 0
    report = json.loads((tmp_path / "out.json").read_text())
    assert report["classic"]
    assert [pair["second"] for pair in report["pairs"]] == ["uct:1", "random"]
    for pair in report["pairs"]:
        assert pair["lost"] == 0
        assert sum(pair["by_seat_of_first"][0].values()) == pair["games"] == 30


@pytest.mark.parametrize(("number", "stopped"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_prints_the_table_so_far_and_saves_it(
    number: int, stopped: int, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = games.play_rounds
    played = []

    def interrupted(*arguments: Any) -> Any:
        played.append(real(*arguments))
        if len(played) == 3:
            signal.raise_signal(number)
        return played[-1]

    monkeypatch.setattr(games, "play_rounds", interrupted)
    command = "tic_tac_toe first rules --games 400 --jobs 1 --json out.json"
    status, out, _ = tournament(capsys, *command.split())
    assert status == stopped
    assert "stopped after 6 of 400 games" in out
    assert "first - rules" in out
    report = json.loads((tmp_path / "out.json").read_text())
    assert (report["games_played"], report["games_planned"], report["pairs"][0]["games"]) == (6, 400, 6)
    assert (tmp_path / "tournament.png").stat().st_size > 1000


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_played(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    status, out, err = tournament(capsys, *["tic_tac_toe", "first", "random", "--games", "2", "--jobs", "1"])
    assert (status, out) == (2, "")
    assert f"--out tournament.png: the folder {tmp_path} cannot be written; name another" in err


def test_the_tables_are_printed_also_where_nothing_can_be_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(report: Any, path: Path) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("marl.players.tournament.tournament_picture.save_tournament_picture", full)
    status, out, err = tournament(capsys, *["tic_tac_toe", "first", "random", "--games", "2", "--jobs", "1"])
    assert status != 0
    assert "first - random" in out
    assert "no space left" in err


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("go first random", "there is no game 'go'"),
        ("tic_tac_toe first chess", "there is no player 'chess'"),
        ("tic_tac_toe first uct:0", "player 'uct:0': give a budget above 0"),
        ("tic_tac_toe first human", "player 'human' plays no tournaments"),
        ("tic_tac_toe first random --games 3", "--games is 3; give a multiple of 2"),
        ("tic_tac_toe first random --jobs 0", "--jobs is 0; give at least 1"),
        ("tic_tac_toe first random --opening-plies 0", "--opening-plies is 0; give at least 1, or --openings none"),
        ("tic_tac_toe first random --openings none --opening-plies 3", "--opening-plies is for --openings paired"),
        ("tic_tac_toe first negamax:2 --classic --openings none", "--classic draws the first action"),
        ("tic_tac_toe first random --json x.png --out x.png", "--json and --out are both x.png; name two files"),
        ("tic_tac_toe first random --out x.pdf", "--out x.pdf: name a .png file"),
        (
            "tic_tac_toe first random --json nowhere/x.json",
            "--json nowhere/x.json: name a file in a folder",
        ),
    ],
)
def test_bad_input_is_refused_before_anything_is_played(
    arguments: str, error: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, _, err = tournament(capsys, *arguments.split())
    assert status == 2
    assert error in err
    assert not list(tmp_path.iterdir())
