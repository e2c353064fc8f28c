"""Environments that courses use: five fresh seeds of each preset, beside the best possible or published return.

Usage: python experiments/course_environments.py [--only NAME ...] [--seeds 21 22 23 24 25] [--runs DIR]

Each run is evaluated greedily. Finished runs and their evaluations are kept, so that a stopped measurement loses
nothing; rows that are not measured stay as they are in the results.
"""

from __future__ import annotations

import csv
import shlex
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tyro
from rows import kept, markdown, measured

import marl
from marl.core.errors import Note
from marl.maths.intervals import bootstrap_mean
from marl.training.run_config import load_config

RESULTS = Path(__file__).parent / "results" / "course_environments.json"


@dataclass(frozen=True)
class Lesson:
    """One row.

    Args:
        title: environment, and what sets it apart.
        preset: name of the preset.
        published: best possible or published return.
        demand: mean return that is asked for, at least.
        episodes: greedy episodes of each seed.
        changes: fields of the preset, as `marl.train` takes them.
        needs: module without which the row is left out.
    """

    title: str
    preset: str
    published: str
    demand: float
    episodes: int
    changes: Mapping[str, Any] = field(default_factory=dict)
    needs: str = "gymnasium"


SMALL = {"env__name": "FrozenLake-v1", "total_env_steps": 300_000}
FIRM = {"env__arguments": {"is_slippery": False}, "total_env_steps": 200_000}
LESSONS = {
    "cliff_walking_q_table": Lesson("CliffWalking-v1", "cliff_walking_q_table", "-13", -13, 10),
    "cliff_walking_sarsa": Lesson("CliffWalking-v1", "cliff_walking_sarsa", "-15 or -17", -17, 10),
    "frozen_lake_8x8": Lesson("FrozenLake8x8-v1", "frozen_lake_q_table", "0.913", 0.85, 1000),
    "frozen_lake_4x4": Lesson("FrozenLake-v1", "frozen_lake_q_table", "0.744", 0.7, 1000, SMALL),
    "frozen_lake_8x8_firm": Lesson("FrozenLake8x8-v1, not slippery", "frozen_lake_q_table", "1", 1, 1000, FIRM),
    "frozen_lake_4x4_firm": Lesson("FrozenLake-v1, not slippery", "frozen_lake_q_table", "1", 1, 1000, SMALL | FIRM),
    "taxi": Lesson("Taxi-v4", "taxi_q_table", "7.93", 7.8, 1000),
    "blackjack": Lesson("Blackjack-v1, sab", "blackjack_q_table", "-0.0431", -0.055, 100_000),
    "mountain_car_q_table": Lesson("MountainCar-v0, 20 x 20 bins", "mountain_car_q_table", "-97.7", -145, 500),
    "mountain_car_dqn": Lesson("MountainCar-v0", "mountain_car_dqn", "-97.7; RL Zoo -100.8 (120 k)", -110, 500),
    "acrobot": Lesson("Acrobot-v1", "acrobot_ppo", "RL Zoo -73.5 (1 M)", -90, 500),
    "lunar_lander": Lesson("LunarLander-v3", "lunar_lander_ppo", "RL Zoo 242 ± 32 (1 M)", 200, 500, needs="Box2D"),
    "pendulum": Lesson("Pendulum-v1", "pendulum_ppo", "RL Zoo -172 ± 104 (100 k)", -180, 500),
}
"""Rows by name."""


def measure(lesson: Lesson, folder: Path, seeds: Sequence[int]) -> dict[str, Any]:
    """Train what is missing of a row's runs, evaluate what was not, and return the row.

    Args:
        lesson: the row.
        folder: folder of its runs.
        seeds: training seeds.
    """
    runs = [folder / f"seed-{seed}" for seed in seeds]
    returns = [greedy_return(lesson, run, seed) for run, seed in zip(runs, seeds, strict=True)]
    over_seeds, config = bootstrap_mean(returns), load_config(runs[0] / "config.yaml")
    return {
        "title": lesson.title,
        "algorithm": config.algorithm.name,
        "env_steps": config.total_env_steps,
        "returns": dict(zip(map(str, seeds), returns, strict=True)),
        "mean": over_seeds.value,
        "ci95_over_seeds": over_seeds.ci95,
        "training_means": [mean_score(run) for run in runs],
        "episodes": lesson.episodes,
        "published": lesson.published,
        "demand": lesson.demand,
        "command": command(lesson, folder.name, seeds),
    }


def command(lesson: Lesson, name: str, seeds: Sequence[int]) -> str:
    """Command that trains a row's runs."""
    changes = [(f"--{name.replace('__', '.')}", str(value)) for name, value in lesson.changes.items()]
    words = ["marl", "train", lesson.preset, *(word for change in changes for word in change)]
    return shlex.join([*words, "--out", f"runs/{name}", "--seeds", ",".join(map(str, seeds))])


def greedy_return(lesson: Lesson, run: Path, seed: int) -> float:
    """Mean return of the likeliest actions of a run, which is trained and evaluated unless that was done."""

    def learnt() -> dict[str, Any]:
        marl.train(lesson.preset, out=run, resume=(run / "checkpoints").exists(), seed=seed, **lesson.changes)
        limit = load_config(run / "config.yaml").evaluation_max_steps
        return marl.evaluate(run, lesson.episodes, deterministic=True, max_steps=limit)

    told = float(kept(run / "greedy.json", learnt)["return_per_agent"]["mean"])
    print(f"{run}: {told:.4f}", flush=True)
    return told


def mean_score(run: Path) -> float | None:
    """Mean return of all training episodes; None where scores are not logged."""
    path = run / "scores.csv"
    if not path.exists():
        return None
    with path.open(encoding="utf-8") as file:
        scores = [float(row["score"]) for row in csv.DictReader(file)]
    return sum(scores) / len(scores)


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Rows in Markdown."""
    titles = ["environment", "algorithm", "env steps", "greedy return", "seeds", "best or published", "demand"]
    return markdown([*titles, "in training"], list(map(_cells, rows.values())))


def _cells(row: Mapping[str, Any]) -> list[str]:
    digits = 4 if row["episodes"] >= 100_000 else 3 if abs(row["mean"]) <= 1 else 2
    mean, low, high, *seeds = (
        f"{value:.{digits}f}" for value in (row["mean"], *row["ci95_over_seeds"], *row["returns"].values())
    )
    trained = [value for value in row["training_means"] if value is not None]
    in_training = f"{sum(trained) / len(trained):.1f}" if trained else ""
    known = [row["published"], f"{row['demand']:g}", in_training]
    return [
        row["title"],
        row["algorithm"],
        f"{row['env_steps']:,}",
        f"{mean} [{low}, {high}]",
        ", ".join(seeds),
        *known,
    ]


def main(
    only: tuple[str, ...] = (),
    seeds: tuple[int, ...] = (21, 22, 23, 24, 25),
    runs: Path = Path("runs/course_environments"),
    out: Path = RESULTS,
) -> None:
    """Measure rows, write them and print the table.

    Args:
        only: names of rows; all by default.
        seeds: training seeds.
        runs: folder of the runs.
        out: the JSON file.
    """
    warnings.simplefilter("ignore", Note)  # CliffWalking and Blackjack have no limit of steps
    rows = measured(LESSONS, lambda name: measure(LESSONS[name], runs / name, seeds), only, out)
    print(table(rows))


if __name__ == "__main__":
    tyro.cli(main)
