"""``experiments/natives.py``: its settings, its choice, and a campaign of a moment."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import natives as script
import pytest

from marl.cli.main import main
from marl.core.reading import read_json
from marl.training.presets import settings_of

BRIEF: dict[str, Any] = {"tuning": (1, 2), "fresh": (3, 4), "env_steps": 80, "episodes": 2}
SMALL = (
    "--env.max-cycles",
    "20",
    "--num-copies",
    "4",
    "--rollout-length",
    "20",
    "--evaluation-episodes",
    "2",
    "--log-interval",
    "1",
)


def train_here(command: Sequence[str], check: bool) -> None:
    """Train every seed of ``marl train ... --seeds 1,2 --jobs 1`` in this process, which need not start."""
    words = list(command[3:])
    given = {}
    for name in ("--seeds", "--jobs", "--out"):
        place = words.index(name)
        given[name] = words[place + 1]
        del words[place : place + 2]
    for seed in given["--seeds"].split(","):
        assert main([*words, "--out", f"{given['--out']}/seed-{seed}", "--seed", seed]) == 0


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a campaign of a cell with two settings, and another with one. Tests must not change it."""
    folder = tmp_path_factory.mktemp("natives")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script, "SETTINGS", {"one": script.Setting(SMALL), "twice": script.Setting(SMALL, times=2)})
        patch.setattr(script, "CHOICES", {"1+1": ("one", "twice"), "2+1": ("twice",)})
        patch.setattr(script, "PREY", "random")
        patch.setattr(script.subprocess, "run", train_here)
        script.main(cells=("1+1", "2+1"), runs=folder / "runs", out=folder, **BRIEF)
    return folder


def test_a_cell_has_the_outcome_of_each_setting_and_its_natives(campaign: Path) -> None:
    told = read_json(campaign / "natives.json")
    row = told["cells"]["1+1"]
    assert list(row["tuning"]) == ["one", "twice"]
    assert [len(found[name]) for found in row["tuning"].values() for name in ("evaluation", "A", "B")] == [2] * 6
    assert row["chosen"] == script.chosen(row["tuning"])
    assert [len(row["natives"][name]) for name in ("evaluation", "A", "B", "learnt")] == [2] * 4
    assert script._env_steps(campaign / "runs" / "tuning" / "1+1" / "twice" / "seed-1") == 160
    large = told["cells"]["2+1"]
    assert (large["tuning"], large["chosen"], len(large["natives"]["evaluation"])) == ({}, "twice", 2)


def test_the_natives_of_each_cell_play_in_all_cells(campaign: Path) -> None:
    for cell in ("1+1", "2+1"):
        told = read_json(campaign / "natives" / f"{cell}.json")
        natives = [each for each in told["policies"] if each["kind"] == "native"]
        assert [(each["name"], [run["seed"] for run in each["runs"]]) for each in natives] == [
            (f"native {cell}", [3, 4])
        ]
        played = [(row["policy"], row["cell"], row["prey"]) for row in told["results"] if row["kind"] == "native"]
        assert played == [(f"native {cell}", each, "random") for each in ("1+1", "2+1")]
        assert told["protocol"]["episodes"] == 2
        assert {row["kind"] for row in told["results"]} == {"native", "reference"}


def test_what_is_trained_is_not_trained_again(campaign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command would fail here; nothing is left to do, so that no time is needed either."""
    monkeypatch.setattr(script.subprocess, "run", lambda *command, **options: pytest.fail("it is trained again"))
    limits = script.Campaign(campaign / "runs", (1, 2), (3, 4), BRIEF["env_steps"], 1, until=time.monotonic() - 1)
    setting, folder = script.Setting(SMALL), campaign / "runs" / "tuning" / "1+1" / "one"
    runs = limits.train(setting, folder, (1, 2), "1+1")
    assert script.outcome(runs) == read_json(campaign / "natives.json")["cells"]["1+1"]["tuning"]["one"]
    with pytest.raises(script.LateError):
        limits.train(setting, folder, (1, 2, 5), "1+1")


def test_what_was_played_is_not_played_again(campaign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script.marl, "generalise", lambda *given, **options: pytest.fail("they play again"))
    limits = script.Campaign(campaign / "gone", (1, 2), (3, 4), BRIEF["env_steps"], 1)
    script.play(limits, "1+1", "twice", 2, campaign / "natives" / "1+1.json")


def test_what_stands_in_the_file_is_not_trained_again_where_the_runs_are_gone(
    campaign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[str] = []
    told = read_json(campaign / "natives.json")
    one = told["cells"]["1+1"]["tuning"].pop("one")
    monkeypatch.setattr(script, "SETTINGS", {"one": script.Setting(SMALL), "twice": script.Setting(SMALL, times=2)})
    monkeypatch.setattr(script, "CHOICES", {"1+1": ("one", "twice")})
    monkeypatch.setattr(script, "outcome", lambda runs: one)
    monkeypatch.setattr(
        script.subprocess, "run", lambda command, check: trained.append(command[command.index("--out") + 1])
    )
    limits = script.Campaign(tmp_path, (1, 2), (3, 4), BRIEF["env_steps"], 1)
    script.tune(limits, "1+1", told, tmp_path / "natives.json")
    assert trained == [str(tmp_path / "tuning" / "1+1" / "one")]
    assert read_json(tmp_path / "natives.json")["cells"]["1+1"]["natives"] == told["cells"]["1+1"]["natives"]


def test_when_the_hours_are_over_the_table_is_printed_and_the_status_is_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="the same command goes on"):
        script.main(cells=("4+4",), hours=0.0, out=tmp_path, runs=tmp_path, **BRIEF)
    assert "| cell | setting |" in capsys.readouterr().out


def test_the_table_tells_what_each_class_has() -> None:
    natives = {"evaluation": [20.0, 9.0], "A": [5.1, 0.2], "B": [8.0, 7.0], "learnt": [True, False]}
    row = {"tuning": {"fixed": {"evaluation": [19.04], "A": [4.0], "B": [7.5]}}, "chosen": "fixed", "natives": natives}
    lines = script.table({"cells": {"4+4": row}}).splitlines()
    assert lines[2:] == [
        "| 4+4 | fixed | tuning | 19.0 | 4.0 | 7.5 |",
        "| 4+4 | fixed | natives, 1 of 2 learnt | 20.0, 9.0 | 5.1, 0.2 | 8.0, 7.0 |",
    ]


def test_the_best_mean_is_chosen_of_those_in_which_each_class_learnt_with_each_seed() -> None:
    def found(*evaluation: float, a: tuple[float, float] = (9.0, 9.0)) -> dict[str, Any]:
        return {"evaluation": evaluation, "A": a, "B": (9.0, 9.0)}

    assert script.chosen({"one": found(1, 9), "two": found(6, 6)}) == "two"
    assert script.chosen({"one": found(1, 9), "two": found(6, 6, a=(9.0, 1.9))}) == "one"
    assert script.chosen({"one": found(1, 9, a=(1.0, 2.0)), "two": found(6, 6, a=(2.0, 1.9))}) == "two"


def test_settings_differ_from_the_preset_and_from_each_other() -> None:
    assert len({(setting.options, setting.times) for setting in script.SETTINGS.values()}) == len(script.SETTINGS)
    assert settings_of(script.PRESET)["total_env_steps"] == 2 * script.ENV_STEPS
    assert {name for names in script.CHOICES.values() for name in names} == set(script.SETTINGS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cells": ("5+5",)}, r"there is no cell '5\+5'; there is 1\+3, 2\+2"),
        ({"fresh": (7,)}, r"fresh ones \(7,\); give at least two of each"),
        ({"cells": (), "env_steps": 7}, "was measured with .*; move it away first"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], message: str, campaign: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=message):
        script.main(**{"runs": tmp_path, "out": campaign, **options})
