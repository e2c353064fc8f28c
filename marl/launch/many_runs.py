"""Many runs of one preset: their plan, and their training in processes of their own."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import ValidationError

from marl.core.errors import ConfigError
from marl.core.limits import MOST_SEEDS
from marl.core.settings import explain
from marl.core.trust import TRUST
from marl.core.wording import argument, typed_command
from marl.launch.standing import Standing
from marl.system.device import resolve_device
from marl.system.interrupts import stop_on_signal
from marl.system.process_pool import check_threads
from marl.system.run_process import RunProcess
from marl.tasks.environment_config import make_environment
from marl.training.checkpoints import Checkpoints
from marl.training.initial_policy import build_policy, take_weights
from marl.training.memory_check import check_memory
from marl.training.progress import Progress
from marl.training.run_config import RunConfig
from marl.training.score_log import ScoreLog

__all__ = [
    "Advanced",
    "Began",
    "Ended",
    "Event",
    "ManyRuns",
    "PlannedRun",
    "Stopping",
    "Waited",
    "check_makeable",
    "plan_runs",
    "with_env",
]

SECONDS_BETWEEN_LOOKS = 0.2
STOPPED_STATUS = 130


@dataclass(frozen=True)
class PlannedRun:
    """One run among many.

    Args:
        name: composition and seed, e.g. ``"3+1/seed-2"``, unique.
        folder: folder of the run.
        config: configuration of the run.
        agents: size of its team; 1 where all runs have the same.
    """

    name: str
    folder: Path
    config: RunConfig[Any]
    agents: int

    @property
    def log(self) -> Path:
        """Log of the run's process, in ``logs`` beside the run's folder: ``seed-*`` names runs alone."""
        return self.folder.parent / "logs" / f"{self.folder.name}.log"


@dataclass(frozen=True)
class Began:
    """Start of a run's process."""

    run: PlannedRun


@dataclass(frozen=True)
class Advanced:
    """Progress of a run."""

    run: PlannedRun
    progress: Progress


@dataclass(frozen=True)
class Ended:
    """End of a run's process.

    Args:
        run: run of the process.
        outcome: ``stopped`` if it saved and ended because that was asked for.
        status: exit status, negative for a signal.
        printed: lines that the process printed.
    """

    run: PlannedRun
    outcome: Literal["finished", "failed", "stopped"]
    status: int
    printed: Sequence[str]


@dataclass(frozen=True)
class Stopping:
    """First signal: the running processes are asked to save and end, and no other begins.

    Args:
        running: number of running processes.
        signal: number of the signal.
    """

    running: int
    signal: int | None


@dataclass(frozen=True)
class Waited:
    """Pause after one look at all processes."""


Event = Began | Advanced | Ended | Stopping | Waited
"""Event in the training of many runs."""


def plan_runs(
    config: RunConfig[Any], out: Path, teams: Sequence[Mapping[str, int]] | None, seeds: Sequence[int]
) -> list[PlannedRun]:
    """Plan every run, the largest teams first, so that slow ones do not end alone.

    A run uses one thread unless the configuration says otherwise, and one process where it leaves that open: the cores
    are for the runs.

    Args:
        config: of the preset.
        out: folder of all runs, such as ``out/3+1/seed-2``, or ``out/seed-2`` without ``teams``.
        teams: compositions; None for the one of the preset.
        seeds: seeds of each composition.

    Raises:
        ConfigError: if a composition does not suit the environment, or there are more than 10,000 runs.
    """
    number = len(seeds) * (1 if teams is None else len(teams))
    if number > MOST_SEEDS:
        both = f"{argument('native_grid')} and {argument('seeds')}"
        raise ConfigError(f"{both} are {number:,} runs; give at most {MOST_SEEDS:,}")
    config = _with_one_process(config)
    config = config.model_copy(update={"threads": config.threads or 1})
    if teams is None:
        return [_planned(config, out, f"seed-{seed}", seed, 1) for seed in seeds]
    if "team" not in type(config.env).model_fields:
        grid = argument("native_grid")
        raise ConfigError(f"{grid} sets env.team, but the environment {config.env.name!r} has no such field")
    runs = []
    for team in sorted(teams, key=lambda team: -sum(team.values())):
        name = "+".join(map(str, team.values()))
        native = _native(config, team, f"{name}/seed-{seeds[0]}")
        runs += [_planned(native, out, f"{name}/seed-{seed}", seed, sum(team.values())) for seed in seeds]
    return runs


def _with_one_process(config: RunConfig[Any]) -> RunConfig[Any]:
    """Settings with one process for the environment, and one for self-play, where they leave that open."""
    if getattr(config.env, "processes", None) == "auto":
        config = with_env(config, {"processes": 1}, "env.processes")
    games = getattr(config.algorithm, "self_play", None)
    if games is not None and games.processes == "auto":
        alone = games.model_copy(update={"processes": 1})
        algorithm = config.algorithm.model_copy(update={"self_play": alone})
        config = config.model_copy(update={"algorithm": algorithm})
    return config


def with_env(config: RunConfig[Any], changes: Mapping[str, Any], source: str) -> RunConfig[Any]:
    """Change some settings of a configuration's environment, and validate only those.

    Args:
        config: of a run.
        changes: fields of the environment's settings.
        source: name for errors.

    Raises:
        ConfigError: if the environment refuses them.
    """
    try:
        env = type(config.env).model_validate({**dict(config.env), **changes})
    except ValidationError as error:
        raise ConfigError(f"{source}: {explain(error, place='env')}") from error
    return config.model_copy(update={"env": env})


def _native(config: RunConfig[Any], team: Mapping[str, int], name: str) -> RunConfig[Any]:
    """Settings of a native, which trains only at its own composition, in every stage of a curriculum."""
    fields = type(config.env).model_fields
    changes: dict[str, Any] = {"team": dict(team)}
    if "training_teams" in fields:
        changes["training_teams"] = None
    curriculum = getattr(config.env, "curriculum", None)
    if curriculum is not None:
        alone = [stage.model_copy(update={"teams": None}) for stage in curriculum.stages]
        changes["curriculum"] = curriculum.model_copy(update={"stages": tuple(alone)})
    return with_env(config, changes, name)


def _planned(config: RunConfig[Any], out: Path, name: str, seed: int, agents: int) -> PlannedRun:
    return PlannedRun(name, out / name, config.model_copy(update={"seed": seed}), agents)


def check_makeable(run: PlannedRun) -> None:
    """Make a run's environment and networks once, so that errors show before long training.

    The run's initial policy is loaded, too, unless the run has begun already.

    Raises:
        ConfigError: naming the run.
        FileError: if a file that it needs cannot be used.
    """
    config = run.config
    check_threads(config.threads)
    device = resolve_device(config.device)
    try:
        environment = make_environment(config.task, config.env, 1, training=True)
        check_memory(config, environment.roster, device)
        ScoreLog(config.score_log, config.env.name, environment.reward_threshold)
        policy = build_policy(config, environment, torch.device("cpu"))
        if config.initial_policy is not None and Checkpoints(run.folder / "checkpoints").latest is None:
            take_weights(policy, config, config.initial_policy)
    except ConfigError as error:
        raise ConfigError(f"{run.name}: {error}") from error
    environment.close()


class ManyRuns:
    """Train all unfinished runs, several at once, each in a process of its own.

    Args:
        runs: in the order in which they begin.
        standings: standing of each, by name.
        jobs: number of runs that train at once.
        lock: lock on the folder of all runs; the processes hold it, too.
        command: starts the process of a run; see `RunProcess`.
    """

    def __init__(
        self,
        runs: Sequence[PlannedRun],
        standings: Mapping[str, Standing],
        jobs: int,
        lock: int,
        command: Sequence[str],
    ) -> None:
        self.standings, self.jobs, self.lock, self.command = standings, jobs, lock, command
        self._waiting = [run for run in runs if standings[run.name].state != "finished"]
        self._running: dict[str, tuple[PlannedRun, RunProcess]] = {}
        self._stopped = False

    def train(self) -> Generator[Event]:
        """Train all runs, and yield events.

        The first Ctrl-C, SIGTERM or SIGHUP lets the runs save and end; a second, or closing the iterator, ends them at
        once.
        """
        try:
            with stop_on_signal() as stop_wished:
                while self._running or (self._waiting and not self._stopped):
                    if stop_wished() and not self._stopped:
                        yield self._stop(stop_wished.signal)
                    while self._waiting and len(self._running) < self.jobs and not self._stopped:
                        yield self._begin(self._waiting.pop(0))
                    time.sleep(SECONDS_BETWEEN_LOOKS)
                    yield from self._look()
        finally:
            for _, process in self._running.values():
                process.kill()

    def _begin(self, run: PlannedRun) -> Began:
        resume = self.standings[run.name].state == "stopped"
        run.log.parent.mkdir(parents=True, exist_ok=True)
        job = {"config": run.config.model_dump(mode="json"), "folder": str(run.folder), "resume": resume}
        job["trust"], job["command"] = sorted(TRUST.get().modules), list(typed_command() or ())
        self._running[run.name] = run, RunProcess(self.command, job, run.log, self.lock)
        return Began(run)

    def _stop(self, signal: int | None) -> Stopping:
        self._stopped = True
        for _, process in self._running.values():
            process.stop()
        return Stopping(len(self._running), signal)

    def _look(self) -> Iterator[Event]:
        for run, process in list(self._running.values()):
            status, told = process.status, process.told()  # in this order: the last line precedes the end
            if told is not None:
                yield Advanced(run, Progress(**told))
            if status is not None:
                del self._running[run.name]
                process.close()
                yield Ended(run, self._outcome(status), status, process.printed())
        yield Waited()

    def _outcome(self, status: int) -> Literal["finished", "failed", "stopped"]:
        if status == 0:
            return "finished"
        return "stopped" if status == STOPPED_STATUS and self._stopped else "failed"
