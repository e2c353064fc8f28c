from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from marl.system.console import ProgressBar

Cli = Callable[..., tuple[int, str, str]]


def test_the_report_compares_and_draws(
    cli: Cli, preset_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marl.cli.closing_report.EPISODES", 10)
    told: list[str] = []  # as if each line's time had come
    monkeypatch.setattr(ProgressBar, "tell", lambda bar, line, last=False: told.append(line))
    folder = tmp_path / "x"
    status, out, _ = cli("train", preset_file, "--out", folder, "--total-env-steps", 256, "--report")
    assert status == 0
    report = json.loads((folder / "report.json").read_text())
    names = ["trained", "trained, messages off", "chase", "random"]
    assert list(report["policies"]) == names
    assert "return_per_A" not in report["policies"]["trained"]  # the team shares its reward
    assert (folder / "episode.gif").exists()
    for line in (f"tensorboard --logdir {folder}", str(folder / "policy"), str(folder / "episode.gif")):
        assert line in out
    for done in (10, 20, 30, 40):
        assert any(line.startswith(f"{done} of 40 episodes, ") for line in told)
    assert told[-1] == "13 of 13 frames"  # the start, and 12 steps


def test_classes_that_get_other_rewards_have_their_own_returns(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marl.cli.closing_report.EPISODES", 2)
    small = ("--num-copies", 2, "--rollout-length", 8, "--evaluation-episodes", 1, "--env.arguments.max_cycles", 8)
    command = ("train", "mpe2.simple_tag_v3", "--out", tmp_path / "x", "--total-env-steps", 16, *small, "--report")
    assert cli(*command)[0] == 0
    report = json.loads((tmp_path / "x/report.json").read_text())
    for measures in report["policies"].values():
        assert {"return_per_adversary", "return_per_class_agent"} < measures.keys()
