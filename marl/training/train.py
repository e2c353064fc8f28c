"""Training from Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from marl.core.config import Config
from marl.core.errors import ConfigError
from marl.core.limits import check_switches
from marl.core.seeding import global_seed
from marl.core.settings import completed
from marl.core.task import Task
from marl.core.trust import trusting
from marl.training import loop
from marl.training.callbacks import Callback, Callbacks
from marl.training.console_progress import console_callbacks
from marl.training.field_paths import with_override
from marl.training.monitor import Monitor
from marl.training.opening import open_run
from marl.training.presets import settings_of
from marl.training.progress import TrainingResult
from marl.training.run_config import RunConfig, complete_values, load_values, read_config, run_values, task_of

__all__ = ["train", "train_run"]


def train(
    preset: str | Path | Mapping[str, Any] | None,
    out: str | Path,
    resume: bool = False,
    trust: str | Iterable[str] = (),
    progress: bool = False,
    callbacks: Iterable[Callback] = (),
    **overrides: Any,
) -> TrainingResult:
    """Train a policy.

    From then on the whole process gives freed blocks of 4 MB and more back to the system (Linux, glibc), unless the
    environment has ``MALLOC_MMAP_THRESHOLD_``: else minibatches of images leave holes in its memory.

    Args:
        preset: name of a preset or of an environment, path of a YAML file, or its content; None to take that of the run
            that is resumed.
        out: folder of the run; must be missing or empty, unless the run is resumed.
        resume: go on with the run in ``out``.
        trust: modules that may be imported where the run in ``out`` names them; those of the preset may.
        progress: print the progress, as ``marl train`` does.
        callbacks: watchers of the training, each of which may stop it.
        overrides: fields of the preset by name, dotted ones with two underscores, e.g.
            ``seed=2, team="A=3,B=1", algorithm__gamma=0.99``. A mapping is laid over the part that it is given for:
            ``algorithm={"gamma": 0.99}`` changes that field and keeps the others.

    Returns:
        Result with the trained policy.

    Raises:
        ConfigError: if the configuration cannot be used, ``out`` is not empty, or another process trains there.
        FileError: if there is no run to resume.
        TrainingError: if training cannot go on, or a callback failed.
        UntrustedError: if the run that goes on names a module that is not trusted.
    """
    check_switches(resume=resume, progress=progress)
    told = Callbacks(callbacks).callbacks
    if isinstance(preset, Mapping):
        values, source = preset, "preset"
    elif preset is not None:
        values, source = settings_of(preset) if isinstance(preset, str) else load_values(preset), str(preset)
    elif resume:
        values, source = run_values(Path(out)), str(out)
    else:
        raise ConfigError("there is nothing to train; give a preset, or resume=True to go on with the run in out")
    task = task_of(values, source)
    name = _named(overrides)
    typed = name if preset is None or name is not None else values["env"]["name"]
    with trusting(trust, typed=typed):
        if overrides:
            values = _overridden(values, task, overrides)
        task = task if name is None else task_of(values, source)
        config = read_config(values, source, task)
        return train_run(config, Path(out), resume, (*console_callbacks(progress), *told))


def _named(overrides: Mapping[str, Any]) -> Any:
    """Name of another environment in what is replaced; None if there is none."""
    env = overrides.get("env")
    return overrides.get("env__name", env.get("name") if isinstance(env, Mapping) else None)


def _overridden(values: Mapping[str, Any], task: Task, overrides: Mapping[str, Any]) -> Mapping[str, Any]:
    """Complete settings with some replaced; those of the environment first, as what suits it depends on them."""
    env = {name: value for name, value in overrides.items() if name.split("__")[0] == "env"}
    values = _replaced({**values, "env": completed(task.config_type, values["env"])}, env, task)
    return _replaced(complete_values(values, task, overrides.get("algorithm__name")), overrides, task)


def _replaced(values: Mapping[str, Any], changes: Mapping[str, Any], task: Task) -> Mapping[str, Any]:
    model: type[Config] = RunConfig[task.config_type]  # type: ignore[name-defined]
    for name, value in changes.items():
        values = with_override(values, name.split("__"), value, model)
    return values


def train_run(
    config: RunConfig[Any], folder: Path, resume: bool = False, callbacks: Iterable[Callback] = ()
) -> TrainingResult:
    """Train one run to its end, until a callback stops it, or until Ctrl-C, SIGTERM or SIGHUP.

    Args:
        config: settings.
        folder: of the run.
        resume: go on from the latest checkpoint in ``folder``.
        callbacks: watchers of the training.

    Raises:
        ConfigError, FileError: see `marl.training.opening.open_run`.
        TrainingError: if training cannot go on.
    """
    told = Callbacks(callbacks)
    with global_seed(config.seed), open_run(config, folder, resume) as run:
        return loop.train(run, Monitor(run, told))
