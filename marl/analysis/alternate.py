"""Training of both sides of a task in turn, from Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from marl.analysis import crosstable
from marl.core.limits import check_switches
from marl.core.result import Result
from marl.launch.alternation import Alternation
from marl.system.lock import sole_user
from marl.training.callbacks import Callback, Callbacks
from marl.training.console_progress import console_callbacks
from marl.training.opening import clear_leftovers
from marl.training.presets import settings_of
from marl.training.run_config import RunConfig, read_config

__all__ = ["alternate", "side_preset"]


def alternate(
    first: str | Path | Mapping[str, Any],
    second: str | Path | Mapping[str, Any],
    out: str | Path,
    rounds: int = 4,
    env_steps: int | None = None,
    seed: int | None = None,
    progress: bool = False,
    callbacks: Iterable[Callback] = (),
) -> Result:
    """Train both sides in turn, each against the opponents of its preset and all versions of the other so far.

    At the end each version of one side plays each of the other. Ctrl-C saves; the same call goes on.

    Args:
        first: preset of the side that is trained first, as for `train`.
        second: preset of the other side of the same task.
        out: folder of all runs; each version is a run of its own, ``predators-1``, ``prey-1`` and so on.
        rounds: number of rounds; each trains one version of both sides.
        env_steps: of each version's training; as the preset by default.
        seed: of the first round, each further one takes the next; as the preset by default.
        progress: print the progress.
        callbacks: watchers of each training; one that stops a version stops all.

    Returns:
        Versions that are trained by name, and if all are, ``finished`` and the crosstable.

    Raises:
        ConfigError: if the presets are not the two sides of one task, or another command trains there.
        TrainingError: if training cannot go on, or a callback failed.
    """
    check_switches(progress=progress)
    given = Callbacks(callbacks).callbacks
    presets = side_preset(first, env_steps, seed), side_preset(second, env_steps, seed)
    alternation, trained = Alternation(presets, Path(out), rounds), list[str]()
    with sole_user(alternation.out):
        clear_leftovers(alternation.out)
        for version in alternation.versions():
            if not version.finished and not version.train((*console_callbacks(progress), *given)).finished:
                return Result(finished=False, trained=trained)
            trained.append(version.name)
        table = crosstable.play_crosstable(alternation, crosstable.EPISODES)
        crosstable.write_crosstable(table, alternation.out, rounds)
    return Result(finished=True, trained=trained, **table.as_json())


def side_preset(preset: str | Path | Mapping[str, Any], env_steps: int | None, seed: int | None) -> RunConfig[Any]:
    """Configuration of a side from its preset.

    Args:
        preset: its name, file or content.
        env_steps: of each version's training; None for the preset's.
        seed: None for the preset's.

    Raises:
        ConfigError: if it cannot be used.
    """
    named = {"total_env_steps": env_steps, "seed": seed}
    changes = {name: value for name, value in named.items() if value is not None}
    values = preset if isinstance(preset, Mapping) else settings_of(str(preset))
    return read_config({**values, **changes}, "preset" if isinstance(preset, Mapping) else str(preset))
