"""Trains the same preset on tensors and through mpe2, and draws both learning curves.

Usage: python experiments/compare_backends.py [--seeds 1 2] [--env-steps 200000] [--runs runs/backends]

Finished runs in the folder are kept, so that a stopped comparison goes on where it was. Writes
``backends.json`` and ``backends.png`` into ``experiments/results``.
"""

from __future__ import annotations

import json
from pathlib import Path

import tyro
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from marl.run_config import load_config
from marl.training import Trainer

HERE = Path(__file__).parent
COLOURS = {"batched": "#0072B2", "pettingzoo": "#D55E00"}
LABELS = {"batched": "batched simulator", "pettingzoo": "mpe2, wrappers and SuperSuit"}


def curve(folder: Path, backend: str, seed: int, env_steps: int) -> list[tuple[int, float]]:
    """Env steps and contacts per training episode of one run, trained if it is not there yet."""
    run = folder / f"{backend}-{seed}"
    if not (run / "policy").exists():
        config = load_config(HERE / "full_view.yaml")
        changes = {"total_env_steps": env_steps, "seed": seed, "evaluation_interval": 10**9}
        env = config.env.model_copy(update={"backend": backend})
        Trainer(config.model_copy(update={**changes, "env": env}), run).train()
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [(row["env_steps"], row["return/S"] / 10) for row in rows if "return/S" in row]


def draw(curves: dict[str, list[tuple[int, float]]], path: Path) -> None:
    """One line a run, coloured by backend."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for name, points in curves.items():
        backend, seed = name.rsplit("-", 1)
        label = f"{LABELS[backend]}, seed {seed}"
        style = ("-", "--", ":", "-.")[(int(seed) - 1) % 4]
        axes.plot(*zip(*points, strict=True), style, color=COLOURS[backend], label=label)
    axes.set(xlabel="env steps", ylabel="contacts per training episode", title="full_view.yaml, random prey")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)


def main(seeds: tuple[int, ...] = (1, 2), env_steps: int = 200_000, runs: Path = Path("runs/backends")) -> None:
    """Trains what is missing and draws.

    Args:
        seeds: one run a backend and seed.
        env_steps: of each run.
        runs: folder of the runs.
    """
    curves = {f"{backend}-{seed}": curve(runs, backend, seed, env_steps) for seed in seeds for backend in COLOURS}
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "backends.json").write_text(json.dumps(curves, indent=1) + "\n")
    draw(curves, results / "backends.png")


if __name__ == "__main__":
    tyro.cli(main)
