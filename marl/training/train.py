"""Training from Python."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from marl.core.errors import ConfigError
from marl.training.field_paths import with_override
from marl.training.loop import Trainer
from marl.training.progress import TrainingResult
from marl.training.run_config import load_config, read_config, resume_config

__all__ = ["train"]


def train(
    preset: str | Path | Mapping[str, Any] | None, out: str | Path, resume: bool = False, **overrides: Any
) -> TrainingResult:
    """Trains a team.

    Args:
        preset: path of a YAML file, or its content; None to take that of the run that is resumed.
        out: folder of the run; must not exist or be empty, unless it is resumed.
        resume: go on with the run in ``out``.
        overrides: fields of the preset by name, dotted ones with two underscores, e.g.
            ``seed=2, team="A=3,B=1", algorithm__gamma=0.99``.

    Returns:
        What the training left, the policy among it.

    Raises:
        ConfigError: if the configuration will not do, or ``out`` is not empty.
        FileError: if there is no run to resume.
        TrainingError: if training cannot go on.
    """
    if isinstance(preset, Mapping):
        values, source = dict(preset), "preset"
    elif preset is not None:
        values, source = load_config(Path(preset)).model_dump(mode="json"), str(preset)
    elif resume:
        values, source = resume_config(Path(out)).model_dump(mode="json"), str(out)
    else:
        raise ConfigError("there is nothing to train; give a preset, or resume=True to go on with the run in out")
    for name, value in overrides.items():
        values = with_override(values, name.split("__"), value)
    return Trainer(read_config(values, source), Path(out), resume).train()
