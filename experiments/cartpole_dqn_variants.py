"""Published variants of the first DQN lesson on CartPole: trained, with their learning curves in one plot.

Usage: python experiments/cartpole_dqn_variants.py [--seeds 10] [--env-steps N] [--jobs N] [--runs DIR]

Each variant changes a little of ``cartpole_dqn_classic.yaml``. Finished runs are kept, so that a stopped comparison
loses nothing.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import tyro

from marl.training.run_config import load_config

HERE = Path(__file__).parent
PRESET = HERE / "presets" / "cartpole_dqn_classic.yaml"

VARIANTS: dict[str, list[str]] = {
    "classic": [],
    "less_exploration": [
        "--algorithm.exploration",
        "{kind: exponential, start: 0.8, end: 0.05, factor: 0.99, per: updates}",
    ],
    "gamma_0.9": ["--algorithm.gamma", "0.9"],
    "gamma_0.9_slower": ["--algorithm.gamma", "0.9", "--algorithm.learning-rate", "0.0005"],
    "decay_0.5": [
        "--algorithm.exploration",
        "{kind: exponential, start: 1.0, end: 0.01, factor: 0.5, per: updates}",
    ],
}
"""Options of each variant."""


def marl(*arguments: str | Path) -> None:
    """Run a command of ``marl`` in a process of its own."""
    subprocess.run([sys.executable, "-m", "marl", *map(str, arguments)], check=True)


def main(
    seeds: int = 10,
    env_steps: int = 30_000,
    jobs: int | None = None,
    runs: Path = Path("runs/cartpole_dqn_variants"),
) -> None:
    """Train the missing runs and draw.

    Args:
        seeds: number of training seeds of each variant, from 1.
        env_steps: env steps of each run.
        jobs: number of processes at once; as many as the machine bears by default.
        runs: folder of the runs.
    """
    at_once = [] if jobs is None else ["--jobs", str(jobs)]
    common = ["--seeds", str(seeds), "--total-env-steps", str(env_steps), *at_once]
    for name, changes in VARIANTS.items():
        print(f"{name}: training", flush=True)
        marl("train", PRESET, "--out", runs / name, *common, *changes)
    solved = str(load_config(PRESET).score_log.threshold)
    plot = HERE / "results" / "cartpole_dqn_variants.png"
    marl("compare", *(runs / name for name in VARIANTS), "--threshold", solved, "--out", plot)


if __name__ == "__main__":
    tyro.cli(main)
