from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from marl.training.run_config import load_config

Cli = Callable[..., tuple[int, str, str]]


def test_a_run_is_resumed_and_extended(cli: Cli, preset_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "x"
    assert cli("train", preset_file, "--out", folder, "--total-env-steps", 256)[0] == 0
    status, out, _ = cli("train", "--resume", folder)
    assert status == 0
    assert "has done its 256 env steps; for more: --total-env-steps N" in out
    status, out, _ = cli("train", "--resume", folder, "--total-env-steps", 300)
    assert status == 0
    assert "from env step 256 to 300" in out
    assert "100%  512 env steps" in out
    assert load_config(folder / "config.yaml").total_env_steps == 300


def test_what_stops_training_has_status_1(cli: Cli, preset_file: Path, tmp_path: Path) -> None:
    status, _, err = cli("train", preset_file, "--out", tmp_path / "x", "--algorithm.learning-rate", "1e38")
    assert status == 1
    assert "is not finite; no checkpoint was written yet" in err
