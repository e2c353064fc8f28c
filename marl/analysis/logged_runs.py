"""Logs of runs: their settings, their metrics and their scores.

Axes: ``P`` logged points.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marl.analysis.run_folders import run_folders
from marl.core.errors import ConfigError, FileError, Note
from marl.core.reading import Rows, parse_json
from marl.training.run_config import load_config

__all__ = ["SCORE", "LoggedRun", "choose_metric", "find_runs", "read_logged"]

SCORE = "score"
"""Metric that is read from ``scores.csv``, over episodes."""
EPISODE, RUNNING_MEAN = "episode", "mean"
"""Columns of ``scores.csv``; the running mean is read from the first full window on."""
LARGEST = 1e100
"""Largest number of a log; twice that can be averaged and drawn."""

Series = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Places along training, and the values there, each ``[P]``."""


@dataclass(frozen=True)
class LoggedRun:
    """Settings and log of a run, which may still be training.

    Args:
        folder: folder as it was named or found.
        config: complete content of its ``config.yaml``.
        series: series by metric, over env steps; ``score`` over episodes.
    """

    folder: Path
    config: dict[str, Any]
    series: Mapping[str, Series] = field(repr=False)


def find_runs(folders: Sequence[Path]) -> list[Path]:
    """Find run folders, each once: those that are named, and all in and below a folder that is no run itself.

    Raises:
        FileError: if a folder neither is a run nor holds any, or has too many folders to search.
    """
    found: dict[Path, Path] = {}
    for folder in folders:
        inside = [folder] if (folder / "config.yaml").is_file() else run_folders(folder)
        if not inside:
            missing = "does not exist" if not folder.exists() else "holds no run (a folder with config.yaml)"
            raise FileError(f"{folder} {missing}; name the folder of a run, or one with runs inside")
        for run in inside:
            found.setdefault(run.resolve(), run)
    return list(found.values())


def read_logged(folder: Path) -> LoggedRun:
    """Read ``config.yaml``, ``metrics.jsonl`` and, where there is one, ``scores.csv``.

    A run that still trains is read up to its latest entry; rows that are damaged are left out, with a note.

    Raises:
        ConfigError: if ``config.yaml`` cannot be used.
        FileError: if nothing was logged yet, or a file cannot be read.
    """
    config = load_config(folder / "config.yaml").model_dump(mode="json")
    metrics, scores = Rows(folder / "metrics.jsonl"), Rows(folder / "scores.csv")
    series = _metrics(metrics)
    if scores.path.is_file():
        x, y = _scores(scores)
        whole = x >= config["score_log"]["window"]  # before that the mean is over fewer episodes than the rule needs
        if whole.any():
            series[SCORE] = (x[whole], y[whole])
    for rows in (metrics, scores):
        if rows.note is not None:
            warnings.warn(rows.note, Note, stacklevel=2)
    return LoggedRun(folder, config, series)


def choose_metric(runs: Sequence[LoggedRun], wished: str | None = None) -> str:
    """Choose the wished metric, or else the first of: an evaluation's count, its return, the return while training.

    Evaluations are taken only if every run has at least two.

    Raises:
        ConfigError: if a run lacks the metric; names the metrics that all runs have.
    """
    common = [name for name in runs[0].series if all(name in run.series for run in runs)]
    if wished is not None and wished not in common:
        lacking = next(run for run in runs if wished not in run.series)
        raise ConfigError(f"metric is {wished!r}, which {lacking.folder} has not logged; {_offer(common)}")
    if wished is not None:
        return wished
    evaluated = [name for name in common if all(len(run.series[name][0]) > 1 for run in runs)]
    candidates = [name for name in evaluated if name.startswith("evaluation/") and name.endswith("_per_episode")]
    candidates += [name for name in evaluated if name.startswith("evaluation/return_per_")]
    candidates += [name for name in evaluated if name == "evaluation/return/all"]
    candidates += sorted((name for name in common if name.startswith("return/")), key=lambda name: name == "return/all")
    if not candidates:
        told = "these runs have no return in common, and not two evaluations each; train longer, or name a metric"
        raise ConfigError(f"{told}: {_offer(common)}")
    return candidates[0]


def _offer(names: Sequence[str]) -> str:
    return f"all have {', '.join(sorted(names))}" if names else "they have no metric in common"


def _metrics(rows: Rows) -> dict[str, Series]:
    points: dict[str, list[tuple[float, float]]] = {}
    if rows.path.exists():
        for row in rows.read(_metrics_row):
            env_steps = row.pop("env_steps")
            for name, value in row.items():
                points.setdefault(name, []).append((env_steps, value))
    if not points:
        why = rows.note or "wait for the first line of its log"
        raise FileError(f"{rows.path.parent} has logged nothing yet ({rows.path.name}); {why}")
    return {name: _series(pairs) for name, pairs in points.items()}


def _metrics_row(line: bytes) -> dict[str, float]:
    row = {name: _number(value) for name, value in parse_json(line).items()}
    return {"env_steps": row["env_steps"], **row}


def _scores(rows: Rows) -> Series:
    """Read the columns of which the first line has the names."""
    columns: list[str] = []

    def parse(line: bytes) -> tuple[float, float] | None:
        values = line.decode().rstrip().split(",")
        if not columns:
            columns.extend(values)
            return None
        row = dict(zip(columns, values, strict=True))
        return _number(float(row[EPISODE])), _number(float(row[RUNNING_MEAN]))

    pairs = [pair for pair in rows.read(parse) if pair is not None]
    if not {EPISODE, RUNNING_MEAN} <= set(columns):
        raise FileError(f"{rows.path} is not a log of scores (columns {EPISODE} and {RUNNING_MEAN})")
    return _series(pairs)


def _number(value: Any) -> float:
    """A number of a log.

    Raises:
        ValueError, TypeError: for anything else; logs leave out what is not finite.
    """
    if not math.fabs(value) <= LARGEST:
        raise ValueError(f"{value} is not a number of a log")
    return float(value)


def _series(pairs: Sequence[tuple[float, float]]) -> Series:
    table = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]
