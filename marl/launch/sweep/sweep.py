"""Sweep of a preset: trials, each of some runs, and the check of the best trials on fresh seeds."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from marl.core.errors import ConfigError
from marl.core.files import save_json
from marl.core.reading import read_json
from marl.core.settings import flat_settings
from marl.core.wording import argument
from marl.launch.many_runs import PlannedRun, plan_runs
from marl.launch.sweep.evaluations import objectives_so_far, read_evaluations, run_score
from marl.launch.sweep.space import changed_config
from marl.launch.sweep.study import Trial
from marl.maths.intervals import Estimate
from marl.maths.seed_statistics import difference, score
from marl.training.run_config import RunConfig

__all__ = ["BEST", "Checked", "Pruning", "Sweep", "with_evaluations"]

SWEEP_FILE, CHECK = "sweep.json", "check"
BEST, FRESH = 3, 5
"""Trials that are checked, and fresh seeds of each."""
EVALUATIONS, FEWEST = 10, 4
"""Evaluations of a run where the preset has too few: the mean of three counts, and pruning needs one more."""
SECONDS_BETWEEN_READINGS = 1.0


def with_evaluations(config: RunConfig[Any]) -> RunConfig[Any]:
    """Configuration with ten evaluations in a run if it has fewer than four; they change nothing of what is learnt."""
    if config.total_env_steps // config.evaluation_interval >= FEWEST:
        return config
    return config.model_copy(update={"evaluation_interval": -(-config.total_env_steps // EVALUATIONS)})


@dataclass(frozen=True)
class Sweep:
    """Sweep in a folder.

    Args:
        out: its folder; a trial's runs are in ``trial-7/seed-2``.
        config: of the preset.
        space: content of the space's file.
        metric: of the objective, a metric of the evaluations.
        seeds: of each trial.
    """

    out: Path
    config: RunConfig[Any]
    space: Mapping[str, Any]
    metric: str
    seeds: Sequence[int]

    def begin(self) -> None:
        """Write ``sweep.json`` into an empty folder, or check that of a sweep that goes on.

        Raises:
            ConfigError: if the folder holds something else, or a sweep of another preset, space or other seeds.
            FileError: if ``sweep.json`` cannot be read.
        """
        path, settings = self.out / SWEEP_FILE, self.config.model_dump(mode="json")
        now = {"preset": settings, "space": dict(self.space), "seeds": list(self.seeds)}
        if not path.exists():
            held = next(self.out.iterdir(), None)
            if held is not None:
                raise ConfigError(f"{self.out} holds {held.name!r} and no sweep; name another {argument('out')}")
            save_json(path, now)
            return
        was, now = flat_settings(read_json(path)), flat_settings(json.loads(json.dumps(now)))
        for name in {**was, **now}:
            if was.get(name) != now.get(name):
                told = f"{name} is {now.get(name)!r}, but the sweep in {self.out} has {was.get(name)!r}"
                raise ConfigError(f"{told}; give the same to go on, or another {argument('out')}")

    def trial_runs(self, trial: Trial) -> list[PlannedRun]:
        """Runs of a trial, one for each seed.

        Raises:
            ConfigError: if its values do not go together.
        """
        config = changed_config(self.config, trial.values, trial.name)
        return _named(plan_runs(config, self.out / trial.name, None, self.seeds), trial.name)

    def check_runs(self, trials: Sequence[Trial]) -> dict[str, list[PlannedRun]]:
        """Runs of the preset and of trials on fresh seeds, by name."""
        first = max(self.seeds) + 1
        configs = {"preset": self.config}
        configs |= {trial.name: changed_config(self.config, trial.values, trial.name) for trial in trials}
        runs = {
            name: plan_runs(config, self.out / CHECK / name, None, range(first, first + FRESH))
            for name, config in configs.items()
        }
        return {name: _named(planned, name) for name, planned in runs.items()}

    def checked(self, trials: Sequence[Trial], runs: Mapping[str, Sequence[PlannedRun]]) -> list[Checked]:
        """Scores of the preset and of trials on fresh seeds, once they are trained."""
        scores = {
            name: np.array([run_score(read_evaluations(run.folder, self.metric)) for run in planned])
            for name, planned in runs.items()
        }
        preset = scores["preset"]
        found = [Checked("preset", None, tuple(preset), score(list(preset[:, None])))]
        return found + [
            Checked(
                trial.name,
                trial,
                tuple(scores[trial.name]),
                score(list(scores[trial.name][:, None])),
                difference(scores[trial.name], preset),
            )
            for trial in trials
        ]


@dataclass(frozen=True)
class Checked:
    """Scores of a trial, or of the preset, on fresh seeds.

    Args:
        name: of the trial, or ``preset``.
        trial: None for the preset.
        scores: of each seed, the mean of its last three evaluations.
        score: their interquartile mean.
        gain: the same minus that of the preset; None for the preset.
    """

    name: str
    trial: Trial | None
    scores: tuple[float, ...]
    score: Estimate
    gain: Estimate | None = None

    @property
    def verdict(self) -> str:
        """If the gain holds: the interval of the difference is above 0, below it, or neither."""
        if self.gain is None or self.gain.ci95 is None:
            return ""
        low, high = self.gain.ci95
        return "holds" if low > 0 else "is a loss" if high < 0 else "not shown"

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        trial = None if self.trial is None else {"values": self.trial.values, "objective": self.trial.objective}
        gain = None if self.gain is None else self.gain.as_json()
        row = {"name": self.name, "trial": trial, "scores": self.scores, "score": self.score.as_json()}
        return {**row, "gain": gain, "verdict": self.verdict}


@dataclass
class Pruning:
    """Reports of a trial while it trains.

    Args:
        runs: of the trial.
        metric: of the objective.
        report: is told step and objective so far, and tells if the trial is to be pruned.
    """

    runs: Sequence[PlannedRun]
    metric: str
    report: Callable[[int, float], bool]
    pruned: bool = False
    _told: set[int] = field(default_factory=set)
    _read_at: float = 0.0

    def due(self) -> bool:
        """Report what is new, at most once a second; True if the trial is pruned."""
        if time.monotonic() - self._read_at >= SECONDS_BETWEEN_READINGS:
            self.look()
            self._read_at = time.monotonic()
        return self.pruned

    def look(self) -> list[list[tuple[int, float]]]:
        """Report what is new, and return the evaluations of each run."""
        config = self.runs[0].config
        evaluated = [read_evaluations(run.folder, self.metric) for run in self.runs]
        for step, value in objectives_so_far(evaluated, config.total_env_steps, config.evaluation_interval):
            if step not in self._told and not self.pruned:
                self._told.add(step)
                self.pruned = self.report(step, value)
        return evaluated


def _named(runs: Sequence[PlannedRun], name: str) -> list[PlannedRun]:
    return [replace(run, name=f"{name}/{run.name}") for run in runs]
