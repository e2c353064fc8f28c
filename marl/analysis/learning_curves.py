"""Learning curves of runs, those that differ in their seed alone taken together.

Axes: ``S`` training seeds, ``P`` logged points of one seed, ``G`` places along training that all seeds share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marl.analysis.learning_curves_picture import save_curves
from marl.analysis.logged_runs import SCORE, LoggedRun, Series, choose_metric, find_runs, read_logged
from marl.analysis.seed_groups import flat_settings, group_seeds, shared_name, unique_name, without_seed
from marl.core.errors import ConfigError
from marl.maths.seed_statistics import interquartile_curve, score

__all__ = ["compare"]

LARGEST_GRID = 300
LAST = 0.1
"""Share of training that the closing mean is over."""
LENGTH = "total_env_steps"
"""Told of a curve only where nothing else tells it apart."""
LONGEST_LABEL = 70
"""Letters; curves whose settings need more are called by their folders."""

Values = NDArray[np.float64]


def compare(
    runs: Sequence[str | Path],
    out: str | Path | None = None,
    metric: str | None = None,
    threshold: float | None = None,
) -> dict[str, Any]:
    """Learning curves of any runs.

    Runs that differ in the training seed alone are one curve: the interquartile mean over seeds with a
    bootstrap interval over seeds, at places that all of them have reached; between logged points
    it is interpolated linearly.

    Args:
        runs: folders of runs, or folders that hold runs and stand for all of them.
        out: a picture in PNG, written whole or not at all; None for none.
        metric: a name in ``metrics.jsonl``, or ``score`` for the running mean of the score in ``scores.csv``, over
            episodes. By default what `choose_metric` takes.
        threshold: also tell where each seed first reached this value.

    Returns:
        ``metric``, ``x`` (``env_steps`` or ``episodes``), ``threshold``, and for each curve of ``curves`` its
        name, runs and seeds, ``x``, ``value``, ``low`` and ``high`` (None for one seed), and over the seeds ``final``
        (the last value), ``last_tenth`` (the mean over the last tenth) and ``reached`` (by seed, None if never).

    Raises:
        ConfigError: if there are no runs, one has not logged the metric, a seed comes twice, or seeds share no place.
        FileError: if a run cannot be read.
    """
    folders = find_runs([Path(run) for run in runs])
    if not folders:
        raise ConfigError("there is nothing to compare; name the folder of at least one run")
    if out is not None:
        _check_picture(Path(out))
    logged = [read_logged(folder) for folder in folders]
    chosen = choose_metric(logged, metric)
    groups = group_seeds(logged)
    curves = [
        {"name": name, **_curve(group, chosen, threshold)} for name, group in zip(_labels(groups), groups, strict=True)
    ]
    x = "episodes" if chosen == SCORE else "env_steps"
    comparison = {"metric": chosen, "x": x, "threshold": threshold, "curves": curves}
    if out is not None:
        save_curves(comparison, Path(out))
    return comparison


def _check_picture(path: Path) -> None:
    if path.suffix.lower() != ".png":
        raise ConfigError(f"the picture {str(path)!r} ends in {path.suffix!r}; give a name that ends in .png")
    if path.is_dir() or not path.parent.is_dir():
        raise ConfigError(f"the picture {str(path)!r}: name a file in a folder that exists")


def _labels(groups: Sequence[Sequence[LoggedRun]]) -> list[str]:
    """What differs between the settings, else the names of the folders."""
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
    return " to ".join(map(str, value)) if isinstance(value, list) else str(value)


def _curve(group: Sequence[LoggedRun], metric: str, threshold: float | None) -> dict[str, Any]:
    series = [run.series[metric] for run in group]
    grid = _grid(series)
    if not len(grid):
        places = " and ".join(str(run.folder) for run in group)
        raise ConfigError(f"{places} have no place of {metric} in common yet; wait until they have come further")
    values = np.stack([np.interp(grid, x, y) for x, y in series])  # [S, G]
    middle, low, high = interquartile_curve(values)
    reached = {} if threshold is None else {"reached": [_first_at(one, threshold) for one in series]}
    return {
        "runs": [str(run.folder) for run in group],
        "seeds": [run.config["seed"] for run in group],
        "x": grid.tolist(),
        "value": middle.tolist(),
        "low": None if low is None else low.tolist(),
        "high": None if high is None else high.tolist(),
        "final": _over_seeds(series, lambda x, y: y[-1:]),
        "last_tenth": _over_seeds(series, lambda x, y: y[x >= (1 - LAST) * x[-1]]),
        **reached,
    }


def _grid(series: Sequence[Series]) -> Values:
    """Every place where a seed was logged, evenly thinned, as far as all seeds have values on both sides."""
    first, last = max(x[0] for x, _ in series), min(x[-1] for x, _ in series)
    places = np.unique(np.concatenate([x for x, _ in series]))
    places = places[(places >= first) & (places <= last)]
    if len(places) <= LARGEST_GRID:
        return places
    return np.linspace(first, last, LARGEST_GRID)


def _over_seeds(series: Sequence[Series], part: Callable[[Values, Values], Values]) -> dict[str, Any]:
    """The interquartile mean of seeds; a single one has no interval, for points of one run are not independent."""
    return score([part(x, y).mean(keepdims=True) for x, y in series]).as_dict()


def _first_at(series: Series, threshold: float) -> float | None:
    x, y = series
    above = np.flatnonzero(y >= threshold)
    return float(x[above[0]]) if len(above) else None
