"""Learning curves of runs; runs that differ in their seed alone are one curve.

Axes: ``S`` training seeds, ``P`` logged points of one seed, ``G`` places along training that all seeds share.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from marl.analysis.learning_curves_picture import save_curves
from marl.analysis.logged_runs import SCORE, LoggedRun, Series, choose_metric, find_runs, read_logged
from marl.analysis.seed_groups import few_seeds_note, group_seeds, shared_name, unique_name, without_seed
from marl.core.errors import ConfigError
from marl.core.result import Result
from marl.core.settings import flat_settings
from marl.maths.cell_statistics import CellScores, probability_of_improvement
from marl.maths.intervals import Estimate
from marl.maths.seed_statistics import interquartile_curve, score

__all__ = ["LearningCurve", "LearningCurves", "compare", "draw_learning_curves"]

LARGEST_GRID = 300
LAST = 0.1
"""Share of training that the closing mean covers."""
LENGTH = "total_env_steps"
"""Setting named in a label only if no other setting tells the curve apart."""
CPU_SECONDS = "time/cpu_seconds"
LONGEST_LABEL = 70
"""Longest label in letters; longer ones are replaced by the folder's name."""

Values = NDArray[np.float64]
Axis = Literal["env_steps", "cpu_seconds"]


@dataclass(frozen=True)
class LearningCurve:
    """Interquartile mean of runs that differ in their training seed alone.

    Args:
        name: label that tells the curve apart.
        runs: folders, ``[S]``.
        seeds: training seeds, ``[S]``.
        x: places along training that all seeds have reached, ``[G]``.
        value: value at each place, ``[G]``.
        low: lower end of the interval over seeds, ``[G]``; None for a single seed.
        high: its upper end, ``[G]``; None for a single seed.
        final: interquartile mean of the last value of each seed.
        last_tenth: interquartile mean of each seed's mean over the last tenth of its training.
        reached: place where each seed first reached the threshold, ``[S]``, None for one that did not; None
            without a threshold.
        above_first: probability that the last tenth of one of its seeds is above that of a seed of the first curve;
            None for the first.
    """

    name: str
    runs: tuple[str, ...]
    seeds: tuple[int, ...]
    x: tuple[float, ...]
    value: tuple[float, ...]
    low: tuple[float, ...] | None
    high: tuple[float, ...] | None
    final: Estimate
    last_tenth: Estimate
    reached: tuple[float | None, ...] | None = None
    above_first: Estimate | None = None

    def as_json(self) -> dict[str, Any]:
        """Fields by name; ``reached`` only with a threshold, ``above_first`` only where there is one."""
        return {
            "name": self.name,
            "runs": list(self.runs),
            "seeds": list(self.seeds),
            "x": list(self.x),
            "value": list(self.value),
            "low": None if self.low is None else list(self.low),
            "high": None if self.high is None else list(self.high),
            "final": self.final.as_json(),
            "last_tenth": self.last_tenth.as_json(),
            **({} if self.reached is None else {"reached": list(self.reached)}),
            **({} if self.above_first is None else {"above_first": self.above_first.as_json()}),
        }


@dataclass(frozen=True)
class LearningCurves:
    """Learning curves of one metric.

    Args:
        metric: a name of the log, or ``score``.
        x: unit of the places along training: ``env_steps``, ``cpu_seconds`` or ``episodes``.
        threshold: a value of the metric, or None.
        curves: in the order of the runs.
        notes: qualifications of the numbers, in words.
        title: the environment, and the algorithm where it is one.
    """

    metric: str
    x: str
    threshold: float | None
    curves: tuple[LearningCurve, ...]
    notes: tuple[str, ...] = ()
    title: str = ""

    def as_json(self) -> dict[str, Any]:
        """Fields by name."""
        curves = [curve.as_json() for curve in self.curves]
        told = {"metric": self.metric, "x": self.x, "threshold": self.threshold, "curves": curves}
        return {**told, "notes": list(self.notes)}


def compare(
    runs: Sequence[str | Path],
    out: str | Path | None = None,
    metric: str | None = None,
    threshold: float | None = None,
    x: Axis = "env_steps",
) -> Result:
    """Compute the learning curves of any runs.

    Runs that differ in the training seed alone are one curve: the interquartile mean over seeds with a
    bootstrap interval over seeds, at places that all of them have reached; between logged points
    it is interpolated linearly.

    Args:
        runs: folders of runs; a folder that holds runs stands for all of them.
        out: a picture in PNG, written whole or not at all; None for none.
        metric: a name in ``metrics.jsonl``, or ``score`` for the running mean of the score in ``scores.csv``, over
            episodes. By default the choice of `choose_metric`.
        threshold: value whose first place in each seed is reported, too.
        x: ``cpu_seconds`` draws the curves over the CPU time that training has taken, in place of env steps.

    Returns:
        ``metric``, ``x`` (``env_steps``, ``cpu_seconds`` or ``episodes``), ``threshold``, and for each curve of
        ``curves`` its name, runs and seeds, ``x``, ``value``, ``low`` and ``high`` (None for one seed), and over the
        seeds ``final`` (the last value), ``last_tenth`` (the mean over the last tenth), ``reached`` (by seed, None
        if never) and ``above_first`` (probability that a seed's last tenth is above one of the first curve); then
        ``notes``, on how far intervals of few seeds reach.

    Raises:
        ConfigError: if there are no runs, or of several environments, one has not logged the metric, a seed comes
            twice, or seeds share no place.
        FileError: if a run cannot be read.
    """
    return Result(draw_learning_curves(runs, out, metric, threshold, x).as_json())


def draw_learning_curves(
    runs: Sequence[str | Path],
    out: str | Path | None = None,
    metric: str | None = None,
    threshold: float | None = None,
    x: Axis = "env_steps",
) -> LearningCurves:
    """Compute the learning curves of any runs as a record, and draw them if ``out`` is given; see `compare`.

    Raises:
        ConfigError: if there are no runs, or of several environments, one has not logged the metric, a seed comes
            twice, or seeds share no place.
        FileError: if a run cannot be read.
    """
    folders = find_runs([Path(run) for run in runs])
    if not folders:
        raise ConfigError("there is nothing to compare; name the folder of at least one run")
    if out is not None:
        _check_picture(Path(out))
    if threshold is not None and not math.isfinite(threshold):
        raise ConfigError(f"threshold is {threshold}; give a number")
    logged = [read_logged(folder) for folder in folders]
    _check_one_environment(logged)
    chosen = choose_metric(logged, metric)
    if x == "cpu_seconds":
        logged = [_over_cpu_time(run, chosen) for run in logged]
    groups = group_seeds(logged)
    curves = [_curve(name, group, chosen, threshold) for name, group in zip(_labels(groups), groups, strict=True)]
    ends = [CellScores([np.array([_last_tenth(*run.series[chosen]).mean() for run in group])]) for group in groups]
    curves[1:] = [
        replace(curve, above_first=probability_of_improvement(end, ends[0]))
        for curve, end in zip(curves[1:], ends[1:], strict=True)
    ]
    few = few_seeds_note(len(group) for group in groups)
    unit, notes = "episodes" if chosen == SCORE else x, () if few is None else (few,)
    found = LearningCurves(chosen, unit, threshold, tuple(curves), notes, _title(logged))
    if out is not None:
        save_curves(found, Path(out))
    return found


def _over_cpu_time(run: LoggedRun, metric: str) -> LoggedRun:
    """The same run with a metric over the CPU seconds of training.

    Raises:
        ConfigError: if they are not known.
    """
    if metric == SCORE:
        raise ConfigError("score is logged over episodes; name another metric to compare over CPU time")
    if CPU_SECONDS not in run.series:
        raise ConfigError(f"{run.folder} has logged no {CPU_SECONDS}, as runs of earlier versions; compare env steps")
    (steps, seconds), (x, y) = run.series[CPU_SECONDS], run.series[metric]
    known = (x >= steps[0]) & (x <= steps[-1])
    return replace(run, series={**run.series, metric: (np.interp(x[known], steps, seconds), y[known])})


def _check_picture(path: Path) -> None:
    if path.suffix.lower() != ".png":
        raise ConfigError(f"the picture {str(path)!r} ends in {path.suffix!r}; give a name that ends in .png")
    if path.is_dir() or not path.parent.is_dir():
        raise ConfigError(f"the picture {str(path)!r}: name a file in a folder that exists")


def _check_one_environment(runs: Sequence[LoggedRun]) -> None:
    """Raise an error for runs of several environments, as returns of one say nothing beside those of another."""
    firsts = {run.config["env"]["name"]: run.folder for run in reversed(runs)}
    if len(firsts) > 1:
        told = ", ".join(f"{name} ({folder})" for name, folder in reversed(firsts.items()))
        raise ConfigError(f"the runs are of different environments: {told}; compare those of each apart")


def _title(runs: Sequence[LoggedRun]) -> str:
    """Environment of the runs, and their algorithm where it is one."""
    algorithms = {run.config["algorithm"]["name"] for run in runs}
    return ", ".join([runs[0].config["env"]["name"], *(algorithms if len(algorithms) == 1 else ())])


def _labels(groups: Sequence[Sequence[LoggedRun]]) -> list[str]:
    """Names of the curves: the settings that differ, else the names of the folders."""
    settings = [flat_settings(without_seed(group[0].config)) for group in groups]
    names = dict.fromkeys(name for flat in settings for name in flat)
    told = [name for name in names if any(flat.get(name) != settings[0].get(name) for flat in settings)]
    for kept in ([name for name in told if name != LENGTH], told):
        labels = [", ".join(f"{name} {_text(flat.get(name))}" for name in kept) for flat in settings]
        if kept and len(set(labels)) == len(labels) and max(map(len, labels)) <= LONGEST_LABEL:
            return labels
    taken: list[str] = []
    for group in groups:
        taken.append(unique_name(shared_name(group) or str(group[0].folder.parent), taken))
    return taken


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " to ".join(map(_text, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _curve(name: str, group: Sequence[LoggedRun], metric: str, threshold: float | None) -> LearningCurve:
    series = [run.series[metric] for run in group]
    grid = _grid(series)
    if not len(grid):
        places = " and ".join(str(run.folder) for run in group)
        raise ConfigError(f"{places} have no place of {metric} in common yet; wait until they have come further")
    values = np.stack([np.interp(grid, x, y) for x, y in series])  # [S, G]
    middle, low, high = interquartile_curve(values)
    return LearningCurve(
        name=name,
        runs=tuple(str(run.folder) for run in group),
        seeds=tuple(run.config["seed"] for run in group),
        x=tuple(grid.tolist()),
        value=tuple(middle.tolist()),
        low=None if low is None else tuple(low.tolist()),
        high=None if high is None else tuple(high.tolist()),
        final=_over_seeds(series, lambda x, y: y[-1:]),
        last_tenth=_over_seeds(series, _last_tenth),
        reached=None if threshold is None else tuple(_first_at(one, threshold) for one in series),
    )


def _grid(series: Sequence[Series]) -> Values:
    """Places where any seed was logged, evenly thinned, within the range that all seeds have reached.

    A seed cannot be interpolated beyond its own values, and a curve of fewer seeds than it says would mislead.
    """
    first, last = max(x[0] for x, _ in series), min(x[-1] for x, _ in series)
    places = np.unique(np.concatenate([x for x, _ in series]))
    places = places[(places >= first) & (places <= last)]
    if len(places) <= LARGEST_GRID:
        return places
    return np.linspace(first, last, LARGEST_GRID)


def _over_seeds(series: Sequence[Series], part: Callable[[Values, Values], Values]) -> Estimate:
    """Interquartile mean over seeds; a single seed has no interval, as points of one run are not independent."""
    return score([part(x, y).mean(keepdims=True) for x, y in series])


def _last_tenth(x: Values, y: Values) -> Values:
    return y[x >= (1 - LAST) * x[-1]]


def _first_at(series: Series, threshold: float) -> float | None:
    x, y = series
    above = np.flatnonzero(y >= threshold)
    return float(x[above[0]]) if len(above) else None
