"""A run from elsewhere, whose environment is registered by a module that says how often it was imported."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import pytest
import yaml

import marl

__all__ = ["NAME", "Stranger", "forget", "stranger"]

NAME = "strange.maze:Maze-v0"
MAZE = """
from pathlib import Path
import gymnasium
with Path(__file__).with_name("imports").open("a") as file:
    file.write("1")
gymnasium.register("Maze-v0", "gymnasium.envs.classic_control.cartpole:CartPoleEnv", max_episode_steps=20)
"""
PRESET: dict[str, Any] = {
    "env": {"name": NAME},
    "policy": {"kind": "random"},
    "algorithm": {"name": "none"},
    "total_env_steps": 64,
    "num_copies": 2,
    "rollout_length": 16,
    "evaluation_episodes": 2,
    "threads": 1,
}


@dataclass(frozen=True)
class Stranger:
    """What a stranger sent, and the folder on the path in which the package lies.

    Args:
        run: folder of a run.
        preset: the preset with which it was trained.
        code: folder of the package.
    """

    run: Path
    preset: Path
    code: Path

    @property
    def imports(self) -> int:
        """How often the module was imported."""
        mark = self.code / "strange" / "imports"
        return len(mark.read_text()) if mark.exists() else 0


def forget() -> None:
    """Let the package be as if it had never been imported."""
    gymnasium.registry.pop("Maze-v0", None)
    for name in [name for name in sys.modules if name.partition(".")[0] == "strange"]:
        del sys.modules[name]


def send(folder: Path) -> None:
    """Write the package and a preset, and train."""
    (folder / "code" / "strange").mkdir(parents=True)
    (folder / "code" / "strange" / "__init__.py").touch()
    (folder / "code" / "strange" / "maze.py").write_text(MAZE)
    (folder / "preset.yaml").write_text(yaml.safe_dump(PRESET))
    sys.path.insert(0, str(folder / "code"))
    try:
        marl.train(folder / "preset.yaml", folder / "run")
    finally:
        sys.path.remove(str(folder / "code"))
        forget()


@pytest.fixture
def stranger(
    make_once: Callable[[str, Callable[[Path], object]], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stranger]:
    """A stranger's run of one's own, and the package on the path; nothing of it was imported yet."""
    folder = shutil.copytree(make_once("stranger", send), tmp_path / "stranger")
    (folder / "code" / "strange" / "imports").unlink()
    monkeypatch.syspath_prepend(folder / "code")
    yield Stranger(folder / "run", folder / "preset.yaml", folder / "code")
    forget()
