"""Objective of a trial, from the evaluations of its runs.

Axes: ``E`` evaluations of a run, in their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from marl.core.errors import ConfigError
from marl.core.nearest import did_you_mean
from marl.core.reading import Rows, parse_json
from marl.core.wording import argument
from marl.maths.seed_statistics import interquartile_mean

__all__ = ["PREFIX", "Evaluated", "objective", "objectives_so_far", "read_evaluations", "run_score"]

PREFIX = "evaluation/"
LAST = 3
"""Latest evaluations that count."""

Evaluated = Sequence[tuple[int, float]]
"""Env steps and value of each evaluation, ``[E]``."""


def read_evaluations(folder: Path, metric: str) -> list[tuple[int, float]]:
    """Evaluations of a run, which may still be training.

    Raises:
        ConfigError: if the run logs evaluations, and not this metric.
    """
    rows = Rows(folder / "metrics.jsonl")
    if not rows.path.exists():
        return []
    found: dict[int, float] = {}
    for row in rows.read(parse_json):
        names = [name for name in row if name.startswith(PREFIX)]
        if names and metric not in row:
            told = f"{argument('metric')} is {metric!r}, which {folder} does not log"
            raise ConfigError(f"{told}; {did_you_mean(metric, names)}there is {', '.join(sorted(names))}")
        if names:
            found[int(row["env_steps"])] = float(row[metric])
    return sorted(found.items())


def run_score(evaluated: Evaluated) -> float:
    """Mean of the last three evaluations; never the best one, which luck chooses."""
    return float(np.mean([value for _, value in evaluated[-LAST:]]))


def objective(runs: Sequence[Evaluated]) -> float:
    """Interquartile mean over seeds of the mean of each one's last three evaluations."""
    return float(interquartile_mean(np.array([run_score(run) for run in runs])))


def objectives_so_far(runs: Sequence[Evaluated], total: int, interval: int) -> Iterator[tuple[int, float]]:
    """Objective after each evaluation, seed after seed, whichever runs trained at once.

    After an evaluation of a seed it is over this seed so far and all of the seeds before it, so that it depends on no
    clock. It begins with a seed's third evaluation, and leaves out the last of all, after which nothing is saved.

    Args:
        runs: evaluations of each seed.
        total: env steps of each run.
        interval: env steps between evaluations.

    Yields:
        Step, the same for the same evaluation of every trial, and objective.
    """
    slots = total // interval + 2
    for seed, run in enumerate(runs):
        for number in range(LAST, len(run) + 1):
            env_steps = run[number - 1][0]
            if seed + 1 == len(runs) and env_steps >= total:
                return
            slot = slots - 1 if env_steps >= total else env_steps // interval
            yield seed * slots + slot, objective([*runs[:seed], run[:number]])
        if not run or run[-1][0] < total:
            return
