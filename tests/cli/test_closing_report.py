from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Cli = Callable[..., tuple[int, str, str]]


def test_the_report_compares_and_draws(
    cli: Cli, preset_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marl.cli.closing_report.EPISODES", 10)
    folder = tmp_path / "x"
    status, out, _ = cli("train", preset_file, "--out", folder, "--total-env-steps", 256, "--report")
    assert status == 0
    report = json.loads((folder / "report.json").read_text())
    names = ["trained", "trained, messages off", "chase", "random"]
    assert list(report["policies"]) == names
    assert (folder / "episode.gif").exists()
    for line in (f"tensorboard --logdir {folder}", str(folder / "policy"), str(folder / "episode.gif")):
        assert line in out
