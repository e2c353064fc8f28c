"""Log of a training in Weights & Biases."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from marl.core.errors import ConfigError, FileError
from marl.core.files import atomic_path
from marl.core.reading import read_text
from marl.training.callbacks import Callback
from marl.training.progress import TrainingResult
from marl.training.run import Run

__all__ = ["WandbCallback"]

NAME_FILE = "wandb_id.txt"


class WandbCallback(Callback):
    """Log a training to Weights & Biases, over env steps; needs ``pip install marl-teams[loggers]``.

    A run that goes on is the same run there; ``wandb_id.txt`` in its folder names it. ``wandb/`` beside it has what is
    not sent yet.

    Args:
        settings: arguments of ``wandb.init``, such as ``project="tag"``, ``mode="offline"`` or ``tags=["first"]``.

    Raises:
        ConfigError: if wandb is not installed.
    """

    def __init__(self, **settings: Any) -> None:
        try:
            import wandb
        except ImportError as error:
            told = "WandbCallback needs the package wandb: pip install 'marl-teams[loggers]'"
            raise ConfigError(f"{told} ({error})") from error
        self._wandb, self._settings = wandb, settings
        self._run: Any = None

    def on_start(self, run: Run) -> None:
        """Begin a run there, or go on with that of this folder, under the folder's name and with all settings."""
        usual = {
            "name": run.folder.name,
            "dir": str(run.folder),
            "id": _id_of(run.folder / NAME_FILE),
            "resume": "allow",
            "config": run.config.model_dump(mode="json"),
        }
        self._run = self._wandb.init(**{**usual, **self._settings})
        self._run.define_metric("env_steps")
        self._run.define_metric("*", step_metric="env_steps")

    def on_metrics(self, env_steps: int, metrics: Mapping[str, float]) -> None:
        """Log a line."""
        self._run.log({"env_steps": env_steps, **metrics})

    def on_evaluation(self, env_steps: int, metrics: Mapping[str, float]) -> None:
        """Log an evaluation."""
        self._run.log({"env_steps": env_steps, **metrics})

    def on_end(self, result: TrainingResult) -> None:
        """Note if training is finished, and send all."""
        if self._run is not None:
            self._run.summary["finished"] = result.finished
            self._run.finish()
        self._run = None

    def close(self) -> None:
        """Mark the run there as failed where it had no end."""
        if self._run is not None:
            self._run.finish(exit_code=1)
        self._run = None


def _id_of(path: Path) -> str:
    """Name of a run in Weights & Biases, drawn at first."""
    try:
        return read_text(path).strip()
    except FileError:
        name = uuid.uuid4().hex[:8]
    with atomic_path(path) as temporary:
        temporary.write_text(name + "\n", encoding="utf-8")
    return name
