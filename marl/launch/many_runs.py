"""Many runs of one preset: which they are, and where each of them stands."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from marl.core.errors import ConfigError
from marl.core.settings import replace_field
from marl.system.device import resolve_device
from marl.tasks.environment_config import make_environment
from marl.training.checkpoints import Checkpoints
from marl.training.initial_policy import build_policy, take_weights
from marl.training.run_config import RunConfig, first_difference, read_config, resume_config, task_of
from marl.training.score_log import ScoreLog, stopped_by_score

__all__ = [
    "DECISIVE",
    "GridRun",
    "Standing",
    "check_makeable",
    "check_same",
    "clear_unstarted",
    "parse_seeds",
    "plan_runs",
    "standing_of",
]

DECISIVE = ("env", "policy", "algorithm", "initial_policy", "num_copies", "rollout_length", "seed")
"""Settings that a run must share with the command that goes on with it; the others do not change what it learns."""
LEFTOVERS = (
    *("config.yaml", "metrics.jsonl", "tensorboard", "checkpoints", "scores.csv", "scores.png", "score.json"),
    *(".config.*.yaml", ".metrics.*.jsonl", ".scores.*", ".score.*"),
)
"""What a run leaves that ended before its first checkpoint."""


@dataclass(frozen=True)
class GridRun:
    """One run among many.

    Args:
        name: composition and seed, e.g. ``"3+1/seed-2"``.
        folder: of the run.
        config: of the run.
        agents: of its composition; 1 where all runs have the same.
    """

    name: str
    folder: Path
    config: RunConfig[Any]
    agents: int

    @property
    def log(self) -> Path:
        """What the run's process prints, beside its folder."""
        return self.folder.with_name(f"{self.folder.name}.log")


@dataclass(frozen=True)
class Standing:
    """Where a run stands.

    Args:
        state: ``new`` begins, ``stopped`` goes on from its checkpoint, ``finished`` has nothing left to do.
        env_steps: of its latest checkpoint.
    """

    state: Literal["new", "stopped", "finished"]
    env_steps: int = 0


def parse_seeds(text: str) -> list[int]:
    """Reads a number of seeds, ``"3"`` for 1, 2, 3, or a list of them, ``"1,4,7"``.

    Raises:
        ConfigError: if it does not read so, or a seed is below 1 or comes twice.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise ConfigError(f"--seeds is {text!r}; give how many, e.g. 3, or a list, e.g. 1,4,7")
    numbers = [int(part) for part in parts]
    if min(numbers) < 1:
        raise ConfigError(f"--seeds is {text!r}; give at least 1, or seeds from 1 on")
    repeated = next((number for number in numbers if numbers.count(number) > 1), None)
    if repeated is not None:
        raise ConfigError(f"--seeds is {text!r}, which has {repeated} twice")
    return list(range(1, numbers[0] + 1)) if len(numbers) == 1 else numbers


def plan_runs(
    config: RunConfig[Any], out: Path, teams: Sequence[Mapping[str, int]] | None, seeds: Sequence[int]
) -> list[GridRun]:
    """Every run, the largest teams first, so that slow ones do not end alone.

    A run uses one thread unless the configuration says otherwise.

    Args:
        config: of the preset.
        out: folder of all runs; ``out/3+1/seed-2`` is one of a grid, ``out/seed-2`` one without.
        teams: compositions; None for the one of the preset.
        seeds: of each composition.

    Raises:
        ConfigError: if a composition does not suit the environment.
    """
    values = {**config.model_dump(mode="json"), "threads": config.threads or 1}
    if teams is None:
        return [_run(values, out, f"seed-{seed}", seed, 1) for seed in seeds]
    if "team" not in values["env"]:
        raise ConfigError(
            f"--native-grid sets env.team, but the environment {values['env']['name']!r} has no such field"
        )
    runs = []
    for team in sorted(teams, key=lambda team: -sum(team.values())):
        name, native = "+".join(map(str, team.values())), _with_team(values, team)
        runs += [_run(native, out, f"{name}/seed-{seed}", seed, sum(team.values())) for seed in seeds]
    return runs


def _with_team(values: dict[str, Any], team: Mapping[str, int]) -> dict[str, Any]:
    """Settings of a native, which trains at its own composition only."""
    values = replace_field(values, ["env", "team"], dict(team))
    if "training_teams" in values["env"]:
        values = replace_field(values, ["env", "training_teams"], None)
    stages = (values["env"].get("curriculum") or {}).get("stages")
    if stages:
        alone = [{**stage, "teams": None} if "teams" in stage else stage for stage in stages]
        values = replace_field(values, ["env", "curriculum", "stages"], alone)
    return values


def _run(values: dict[str, Any], out: Path, name: str, seed: int, agents: int) -> GridRun:
    return GridRun(name, out / name, read_config({**values, "seed": seed}, name), agents)


def check_makeable(run: GridRun) -> None:
    """Makes a run's environment and networks once, so that what cannot be made is told before hours are spent.

    The policy that it begins with is loaded, too, unless it has begun already.

    Raises:
        ConfigError: naming the run.
        FileError: if a file that it needs cannot be used.
    """
    resolve_device(run.config.device)
    try:
        environment = make_environment(task_of(run.config), run.config.env, 1, training=True)
        ScoreLog(run.config.score_log, run.config.env.name, environment.reward_threshold)
        policy = build_policy(run.config, environment, torch.device("cpu"))
        if run.config.initial_policy is not None and Checkpoints(run.folder / "checkpoints").latest is None:
            take_weights(policy, run.config, run.config.initial_policy)
    except ConfigError as error:
        raise ConfigError(f"{run.name}: {error}") from error
    environment.close()


def standing_of(run: GridRun) -> Standing:
    """Looks into a run's folder.

    Raises:
        ConfigError: if what is there has other settings, or is no run.
        FileError: if its settings cannot be read.
    """
    latest = Checkpoints(run.folder / "checkpoints").latest
    if latest is None:
        _check_clearable(run.folder)
        return Standing("new")
    check_same(run.folder, run.config)
    env_steps, total = int(latest.name), run.config.total_env_steps
    if env_steps < total and not stopped_by_score(run.folder, run.config.score_log, env_steps):
        return Standing("stopped", env_steps)
    if env_steps - total >= run.config.env_steps_per_iteration:
        raise ConfigError(
            f"total_env_steps is {total:,}, but the run {run.folder} has done {env_steps:,}; "
            "give at least as many, or another --out"
        )
    policy = run.folder / "policy" / "policy.safetensors"  # written last
    whole = policy.exists() and policy.stat().st_mtime >= latest.stat().st_mtime
    return Standing("finished" if whole else "stopped", env_steps)


def clear_unstarted(folder: Path) -> None:
    """Removes what a run left that ended before its first checkpoint, and nothing else.

    Raises:
        ConfigError: if there is anything else.
    """
    _check_clearable(folder)
    for path in folder.iterdir() if folder.exists() else ():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _check_clearable(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ConfigError(f"{folder} is a file, but a run's folder is to be there; move it, or give another --out")
    foreign = [path.name for path in folder.iterdir() if not any(path.match(name) for name in LEFTOVERS)]
    held = [*foreign, *(f"checkpoints/{path.name}" for path in Checkpoints(folder / "checkpoints").whole)]
    if held:
        raise ConfigError(
            f"{folder} has no checkpoint to go on from, but holds {held[0]!r}, which would be lost; "
            "move the folder, or give another --out"
        )


def check_same(folder: Path, config: RunConfig[Any], fields: Sequence[str] = DECISIVE) -> None:
    """Refuses to go on with a run under other settings.

    Args:
        folder: of the run.
        config: that it is to go on with.
        fields: of a configuration, which must be the same.

    Raises:
        ConfigError: naming the field and both values.
        FileError: if the run's settings cannot be read.
    """
    difference = first_difference(resume_config(folder), config, fields)
    if difference is not None:
        name, was, wished = difference
        raise ConfigError(
            f"{name} is {wished!r}, but the run {folder} was trained with {was!r}; "
            "give the same settings to go on with what is there, or another --out"
        )
