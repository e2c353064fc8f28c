"""Standing of a run: new, stopped or finished, as its folder shows."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from marl.core.errors import ConfigError, FileError
from marl.core.wording import argument
from marl.system.lock import sole_user
from marl.training.changes import differences
from marl.training.checkpoints import Checkpoints, is_settled, newest
from marl.training.run_config import RunConfig, run_values
from marl.training.score_log import stopped_by_score

__all__ = ["DECISIVE", "Standing", "check_same", "clear_unstarted", "standing_of"]

DECISIVE = ("env", "policy", "algorithm", "sides", "initial_policy", "num_copies", "rollout_length", "seed")
"""Settings that a run must share with the command that goes on with it; the others do not change its learning."""
LEFTOVERS = (
    *("config.yaml", "system.json", "metrics.jsonl", "tensorboard", "checkpoints", "history", "best_policy"),
    *("scores.csv", "scores.png", "score.json", "wandb", "wandb_id.txt", "events.out.tfevents.*"),
    *(".config.*.yaml", ".system.*.json", ".metrics.*.jsonl", ".scores.*", ".score.*"),
)
"""Files of a run that ended before its first checkpoint."""


@dataclass(frozen=True)
class Standing:
    """Standing of a run.

    Args:
        state: ``new`` begins, ``stopped`` goes on from its checkpoint, ``finished`` has nothing left to do.
        env_steps: env steps of its latest checkpoint.
    """

    state: Literal["new", "stopped", "finished"]
    env_steps: int = 0


def standing_of(folder: Path, config: RunConfig[Any]) -> Standing:
    """Find the standing of a run.

    It is finished if its latest whole checkpoint has all env steps, or the scores ended it, nothing is due that follows
    it, and its policy is the one that belongs to it.

    Args:
        folder: of the run.
        config: configuration to go on with.

    Raises:
        ConfigError: if the folder has other settings, or is no run.
        FileError: if its settings cannot be read, or none of its checkpoints is whole.
    """
    latest, wrong = newest(folder / "checkpoints")
    if latest is None and not wrong:
        _check_clearable(folder)
        return Standing("new")
    if latest is None:
        raise FileError(f"{folder} has no whole checkpoint: {'; '.join(wrong.values())}; train it in another folder")
    check_same(folder, config)
    env_steps, total = latest.env_steps, config.total_env_steps
    if env_steps < total and not stopped_by_score(folder, config.score_log, env_steps):
        return Standing("stopped", env_steps)
    if env_steps - total >= config.env_steps_per_iteration:
        raise ConfigError(
            f"total_env_steps is {total:,}, but the run {folder} has done {env_steps:,}; "
            f"give at least as many, or another {argument('out')}"
        )
    return Standing("finished" if is_settled(folder, latest) else "stopped", env_steps)


def clear_unstarted(folder: Path) -> None:
    """Remove the files of a run that ended before its first checkpoint, and nothing else.

    Raises:
        ConfigError: if the folder holds anything else, or another command trains there.
    """
    _check_clearable(folder)
    with sole_user(folder):
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _check_clearable(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ConfigError(
            f"{folder} is a file, but a run's folder is to be there; move it, or give another {argument('out')}"
        )
    foreign = [path.name for path in folder.iterdir() if not any(path.match(name) for name in LEFTOVERS)]
    held = [*foreign, *(f"checkpoints/{path.name}" for path in Checkpoints(folder / "checkpoints").folders)]
    if held:
        raise ConfigError(
            f"{folder} has no checkpoint to go on from, but holds {held[0]!r}, which would be lost; "
            f"move the folder, or give another {argument('out')}"
        )


def check_same(folder: Path, config: RunConfig[Any], fields: Sequence[str] = DECISIVE) -> None:
    """Raise an error for a run that cannot go on under other settings.

    Args:
        folder: of the run.
        config: configuration to go on with.
        fields: fields of a configuration that must be the same.

    Raises:
        ConfigError: naming the field and both values.
        FileError: if the run's settings cannot be read.
    """
    for name, was, wished in differences(run_values(folder), config, fields):
        raise ConfigError(
            f"{name} is {wished!r}, but the run {folder} was trained with {was!r}; "
            f"give the same settings to go on with what is there, or another {argument('out')}"
        )
