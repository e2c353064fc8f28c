"""Commands whose reader goes away, as with ``| head -1``: all that they write is there, and they end well."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from marl.cli.main import main

NETWORKS = {
    "encoder": {"hidden": [8], "temporal": "none"},
    "graph": {"kind": "none"},
    "critic": {"hidden": [8], "entity_hidden": [8]},
}


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], int]:
    """Run a command line whose output nobody reads; gives its status."""
    monkeypatch.chdir(tmp_path)

    def run_line(line: str) -> int:
        for name in ("stdout", "stderr"):
            reader, writer = os.pipe()
            os.close(reader)
            monkeypatch.setattr(sys, name, os.fdopen(writer, "w", encoding="ascii"))
        status = main(line.split())
        for stream in (sys.stdout, sys.stderr):
            stream.close()
        monkeypatch.undo()
        return status

    return run_line


def test_a_training_trains_on(preset_file: Path, unread: Any, tmp_path: Path) -> None:
    assert unread(f"train {preset_file} --out {tmp_path}/x --total-env-steps 512") == 0
    assert (tmp_path / "x" / "policy" / "policy.safetensors").exists()


def test_many_runs_train_on(preset_file: Path, unread: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process of each writes a file in place of a training."""
    program = "import json, sys; job = json.loads(sys.stdin.readline()); open(job['folder'] + '-trained', 'w')"
    monkeypatch.setattr("marl.cli.many_runs.COMMAND", (sys.executable, "-c", program))
    assert unread(f"train {preset_file} --out {tmp_path}/x --seeds 2") == 0
    assert {path.name for path in (tmp_path / "x").glob("*trained")} == {"seed-1-trained", "seed-2-trained"}


def test_an_alternation_goes_on(unread: Any, tmp_path: Path) -> None:
    sides = {"predators": {"prey": "flee"}, "prey": {"side": "prey", "team": {"P": 1}, "classes": {"P": ["predators"]}}}
    for side, env in sides.items():
        settings = {"env": {"name": "simple_tag", "max_cycles": 5, **env}, "policy": NETWORKS, "num_copies": 4}
        more = {"rollout_length": 8, "evaluation_episodes": 2, "threads": 1}
        (tmp_path / f"{side}.yaml").write_text(yaml.safe_dump(settings | more))
    line = f"alternate {tmp_path}/predators.yaml {tmp_path}/prey.yaml --out {tmp_path}/x --rounds 1 --env-steps 32"
    assert unread(line) == 0
    assert (tmp_path / "x" / "crosstable.json").exists()


def test_a_report_is_written(run: Path, unread: Any, tmp_path: Path) -> None:
    assert unread(f"generalise {run} --out {tmp_path}/x --teams 1+1 --episodes 4 --jobs 1") == 0
    assert (tmp_path / "x" / "report.json").exists()


def test_a_tournament_is_saved(unread: Any, tmp_path: Path) -> None:
    line = f"tournament tic_tac_toe first random --games 2 --jobs 1 --json {tmp_path}/t.json --out {tmp_path}/t.png"
    assert unread(line) == 0
    assert (tmp_path / "t.json").exists() and (tmp_path / "t.png").exists()


@pytest.mark.parametrize("line", ["evaluate RUN --episodes 4", "--help", "compare --help", "train PRESET --help"])
def test_what_only_prints_ends_well(line: str, run: Path, preset_file: Path, unread: Any) -> None:
    assert unread(line.replace("RUN", str(run)).replace("PRESET", str(preset_file))) == 0


def test_an_error_keeps_its_status(unread: Any) -> None:
    assert unread("train nowhere.yaml --out x") == 2
