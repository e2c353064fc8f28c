from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from marl.cli.completion import bash_completion

Cli = Callable[..., tuple[int, str, str]]


HELP = {"walk": "usage: walk [--far-away N] [--slow]", "train": "--out RUN  see non--option", "sweep": ""}


def run(arguments: list[str]) -> None:
    print(HELP[arguments[0]])
    raise SystemExit


def completed(script: str, folder: Path, *words: str) -> list[str]:
    """Words that bash offers for the last of a line."""
    line = " ".join(f"'{word}'" for word in words)
    call = f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _marl; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(["bash", "-c", f"{script}\n{call}"], capture_output=True, text=True, check=True, cwd=folder)
    return done.stdout.split()


def test_bash_completes_commands_options_presets_and_files(tmp_path: Path) -> None:
    (tmp_path / "cart.yaml").touch()
    script = bash_completion(["walk", "train", "sweep"], run)
    assert completed(script, tmp_path, "marl", "wa") == ["walk"]
    assert completed(script, tmp_path, "marl", "walk", "--") == ["--far-away", "--slow"]
    assert completed(script, tmp_path, "marl", "train", "--") == ["--out"]
    for command in ("train", "sweep"):
        offered = completed(script, tmp_path, "marl", command, "cart")
        assert {"cartpole_ppo", "cartpole_dqn", "cart.yaml"} <= set(offered)
    assert completed(script, tmp_path, "marl", "walk", "cart") == ["cart.yaml"]


def test_the_command_prints_it_for_bash_alone(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status, out, err = cli("--completion", "fish")
    assert (status, out) == (2, "")
    assert "--completion is for bash; give --completion bash, not fish" in err
    monkeypatch.setattr("marl.cli.main.COMMANDS", ("train", "list"))
    status, out, _ = cli("--completion", "bash")
    assert status == 0
    assert "--native-grid" in completed(out, tmp_path, "marl", "train", "--na")
