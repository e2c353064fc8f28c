from __future__ import annotations

import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from marl.system.launcher import program
from marl.system.lock import sole_user
from marl.training.console_progress import TrainingBar
from marl.training.run_config import load_config

Cli = Callable[..., tuple[int, str, str]]
OWN = program("marl")


def test_a_run_is_resumed_and_extended(cli: Cli, preset_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "x"
    assert cli("train", preset_file, "--out", folder, "--total-env-steps", 256)[0] == 0
    status, out, _ = cli("train", "--resume", folder)
    assert status == 0
    assert "has done its 256 env steps; for more: --total-env-steps N" in out
    status, out, err = cli("train", "--resume", folder, "--total-env-steps", 300)
    assert status == 0
    assert "from env step 256 to 300" in out
    # 0.003 to 0.001, at the end of 256 and at 256 of 300
    assert "now 256 of 300 and before of 256: learning_rate goes from 0.001 to 0.00129\n" in err
    assert re.search(r"100%  contacts/A [0-9.]+  .*  512 env steps", out)
    assert load_config(folder / "config.yaml").total_env_steps == 300


def test_a_training_begins_with_its_algorithm_and_what_it_trains(cli: Cli, tmp_path: Path) -> None:
    """Taxi has 500 states and 6 actions. PPO is usual: 4 x 64 + 64 x 64 + 64 x 2 weights and 130 biases act, and as
    many, with 1 output in place of 2, value."""
    short = ("--total-env-steps", 8, "--num-copies", 8, "--rollout-length", 1, "--evaluation-episodes", 1)
    few = ("--evaluation-max-steps", 1, "--algorithm.name", "q_learning")
    out = cli("train", "Taxi-v4", "--out", tmp_path / "taxi", *short, *few)[1]
    assert out.startswith("training with q_learning from env step 0 to 8 on cpu, table of 500 x 6 values, ")
    out = cli("train", "CartPole-v1", "--out", tmp_path / "pole", *short)[1]
    assert out.startswith("training with ppo from env step 0 to 8 on cpu, 9,155 parameters, ")


def test_the_evaluation_within_a_training_is_shown(
    cli: Cli, preset_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[int, int, int]] = []
    monkeypatch.setattr(TrainingBar, "on_evaluating", lambda self, *seen: shown.append(seen))
    options = ["--total-env-steps", 256, "--evaluation-episodes", 3]
    assert cli("train", preset_file, "--out", tmp_path / "x", *options)[0] == 0
    assert shown[-1][:2] == (3, 3)
    assert {episodes for _, episodes, _ in shown} == {3}
    assert shown == sorted(shown)  # the picture's episode is not counted


def test_what_stops_training_has_status_1(cli: Cli, preset_file: Path, tmp_path: Path) -> None:
    status, _, err = cli("train", preset_file, "--out", tmp_path / "x", "--algorithm.learning-rate", "1e38")
    assert status == 1
    assert "is not finite; no checkpoint was written yet" in err


def test_damaged_rows_of_the_log_are_told_when_a_run_goes_on(cli: Cli, run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "x")
    log = tmp_path / "x" / "metrics.jsonl"
    log.write_bytes(b'{"env_steps": \xe9}\n' + log.read_bytes())
    status, _, err = cli("train", "--resume", tmp_path / "x")
    assert status == 0
    assert err == f"note: {log}: 1 damaged row is left out, the first in line 1\n"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_the_status_tells_of_the_signal_that_stopped_it(
    number: int, status: int, cli: Cli, preset_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrainingBar, "on_iteration", lambda self, progress: signal.raise_signal(number))
    folder = tmp_path / "my run"
    stopped, out, _ = cli("train", preset_file, "--out", folder)
    assert stopped == status
    assert f"stopped and saved at 256 env steps; go on with: marl train --resume '{folder}'" in out.replace(OWN, "marl")
    assert f"--logdir '{folder}'" in out
    assert (folder / "checkpoints" / "000000000256").is_dir()


def test_a_second_sigterm_ends_it_at_once(
    cli: Cli, preset_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def show(self: Any, progress: Any) -> None:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        time.sleep(1)
        raise AssertionError

    monkeypatch.setattr(TrainingBar, "on_iteration", show)
    monkeypatch.setattr("marl.system.interrupts.SECONDS_OF_ONE_WISH", 0.0)
    status, _, err = cli("train", preset_file, "--out", tmp_path / "x")
    assert (status, err) == (143, "stopped at once\n")
    assert not (tmp_path / "x" / "checkpoints").exists()


def test_a_run_that_is_trained_by_another_command_is_named(cli: Cli, preset_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "x"
    with sole_user(folder):
        status, _, err = cli("train", preset_file, "--out", folder)
    assert (status, err) == (2, f"error: another marl command works in {folder}; wait until it ends, or stop it\n")
    assert not folder.exists()


def test_a_run_that_keeps_one_checkpoint_says_what_that_means(cli: Cli, preset_file: Path, tmp_path: Path) -> None:
    options = ("--total-env-steps", 256, "--keep-checkpoints", 1)
    _, out, _ = cli("train", preset_file, "--out", tmp_path / "x", *options)
    assert "keep_checkpoints is 1: should the last checkpoint be damaged, there is none to go back to" in out


def test_a_damaged_checkpoint_is_told_in_one_line(cli: Cli, run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "x")
    (tmp_path / "x" / "checkpoints" / "000000001280" / "state.safetensors").write_bytes(b"")
    status, _, err = cli("train", "--resume", tmp_path / "x")
    assert status == 0
    note, *rest = err.splitlines()
    assert note.startswith("note: ")
    assert note.endswith("it is now damaged-000000001280, and the run goes on from 000000001024")
    assert not rest
