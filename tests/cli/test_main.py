from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from marl.cli.main import COMMANDS

Cli = Callable[..., tuple[int, str, str]]


def test_help_of_every_command_explains_itself(cli: Cli, preset_file: Path) -> None:
    status, out, _ = cli("--help")
    assert status == 0
    for command in COMMANDS:
        assert f"\n  {command} " in out
        status, text, _ = cli(command, "--help")
        assert status == 0
        assert f"usage: marl {command}" in text
    status, out, _ = cli("train", preset_file, "--help")
    assert status == 0
    for field in ("--total-env-steps", "--env.communication.range", "--policy.encoder.transformer.window"):
        assert field in out
    assert "Env steps of the whole training." in out


def test_help_is_quick_and_works_as_a_module(tmp_path: Path) -> None:
    script = "import sys; from marl.cli.main import main; main(['--help']); print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out.endswith("False\n")
    module = [sys.executable, "-m", "marl", "--help"]
    assert subprocess.run(module, capture_output=True, text=True, check=True, cwd=tmp_path).stdout == out[:-6]


def test_help_and_learning_curves_need_no_torch(run: Path, tmp_path: Path) -> None:
    presets = Path(__file__).parents[2] / "experiments/presets"
    lines = [
        f"train {presets / 'predator_teams.yaml'} --help",
        f"train {presets / 'cartpole_dqn.yaml'} --help",
        "compare --help",
        f"compare {run} --out curves.png",
    ]
    script = f"""
import sys
from marl.cli.main import main
for line in {lines}:
    assert main(line.split()) == 0, line
    assert "torch" not in sys.modules, line
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_without_a_command_or_with_a_wrong_one_the_status_is_2(cli: Cli) -> None:
    assert cli()[0] == 2
    status, _, err = cli("trian")
    assert status == 2
    names = "train, evaluate, render, export, compare, generalise, alternate, play, tournament"
    assert f"there is no command 'trian'; did you mean train? there is {names}" in err


def test_without_colours_nothing_is_coloured_in_a_terminal(tmp_path: Path) -> None:
    """The errors of both parsers, as a terminal gets them."""
    module, colour = [sys.executable, "-m", "marl"], "\x1b["
    for line in (["evaluate", "--episodes", "x"], ["compare", "nowhere"]):
        for no_color in ("", "1"):
            terminal, ours = pty.openpty()
            environment = {**os.environ, "NO_COLOR": no_color, "TERM": "xterm"}
            done = subprocess.Popen([*module, *line], stdout=ours, stderr=ours, cwd=tmp_path, env=environment)
            os.close(ours)
            text = b""
            with suppress(OSError):  # the end of a terminal whose program has ended
                while part := os.read(terminal, 4096):
                    text += part
            os.close(terminal)
            assert done.wait() == 2
            assert (colour in text.decode()) == (not no_color), text


@pytest.mark.parametrize("line", ["evaluate {} --episodes 1", "compare {} --out x.png", "train --resume {}"])
def test_a_folder_with_brackets_in_its_name_will_do(
    line: str, cli: Cli, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    shutil.copytree(run, tmp_path / "[" / "0.1]")
    status, out, err = cli(*line.format("[/0.1]").split())
    assert (status, err) == (0, "")
    assert "[/0.1]" in out or line.startswith("compare")
