"""The commands and the spaces of docs/sweeps.md, with runs that train nothing."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from run_here import Here

from marl.cli.main import main

PAGE = (Path(__file__).parent.parent / "docs/sweeps.md").read_text(encoding="utf-8")


class Told(Here):
    """A run that trains nothing and has evaluated three times, better with more copies."""

    def __init__(self, command: Any, job: dict[str, Any], log: Path, lock: int) -> None:
        folder, config = Path(job["folder"]), job["config"]
        folder.mkdir(parents=True)
        rows = [{"env_steps": i, "evaluation/return/all": config["num_copies"] + i} for i in (1, 2, 3)]
        (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def sweep(command: str, space: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command of the page with four trials, and return what it printed."""
    Path("space.yaml").write_text(space, encoding="utf-8")
    words = shlex.split(command)[1:]
    words[words.index("--trials") + 1] = "4"
    assert main(words) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_its_commands_and_its_spaces_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    optuna = pytest.importorskip("optuna")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("marl.launch.many_runs.RunProcess", Told)
    monkeypatch.setattr("marl.launch.many_runs.SECONDS_BETWEEN_LOOKS", 0.001)
    command, space, dashboard, narrower, example = re.findall(r"^```\w*\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    sweep(example, narrower, capsys)
    printed = sweep(command, space, capsys)
    assert "each run is evaluated every 7,500 env steps" in printed
    report = json.loads(Path("sweeps/x/sweep_report.json").read_text(encoding="utf-8"))
    assert [len(row["scores"]) for row in report["rows"]] == [5] * 4
    copies = [row["trial"]["values"]["num_copies"] for row in report["rows"][1:]]
    assert copies == sorted(copies, reverse=True)
    assert [row["gain"]["value"] for row in report["rows"][1:]] == [each - 8 for each in copies]  # the preset has 8
    journal = optuna.storages.journal.JournalFileBackend(shlex.split(dashboard)[1])
    (study,) = optuna.get_all_study_summaries(optuna.storages.JournalStorage(journal))
    assert study.n_trials == 4
