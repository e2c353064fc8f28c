"""One preset trained on tensors and through mpe2, with the learning curves of both.

Usage: python experiments/compare_backends.py [--batched-seeds 8] [--pettingzoo-seeds 3] [--env-steps 250000]

Runs in the folder are continued, so that a stopped comparison loses nothing. Writes
``backends.json`` and ``backends.png`` into ``experiments/results``.
"""

from __future__ import annotations

import json
from pathlib import Path

import tyro
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from marl.training.checkpoints import Checkpoints
from marl.training.run_config import load_config
from marl.training.train import train_run

HERE = Path(__file__).parent
COLOURS = {"batched": "#0072B2", "pettingzoo": "#D55E00"}
LABELS = {"batched": "batched simulator", "pettingzoo": "mpe2, wrappers and SuperSuit"}


def curve(folder: Path, backend: str, seed: int, env_steps: int) -> list[tuple[int, float]]:
    """Env steps and contacts per training episode of one run, which is trained if it is missing."""
    run = folder / f"{backend}-{seed}"
    config = load_config(HERE / "presets" / "full_view.yaml")
    changes = {"total_env_steps": env_steps, "seed": seed, "evaluation_interval": 10**9}
    env = config.env.model_copy(update={"backend": backend})
    begun = Checkpoints(run / "checkpoints").latest is not None
    if not train_run(config.model_copy(update={**changes, "env": env}), run, resume=begun).finished:
        raise KeyboardInterrupt
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [(row["env_steps"], row["return/S"] / 10) for row in rows if "return/S" in row]


def draw(curves: dict[str, list[tuple[int, float]]], path: Path) -> None:
    """Draw a line for each run, coloured by backend."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for backend, colour in COLOURS.items():
        runs = [points for name, points in curves.items() if name.startswith(backend)]
        for number, points in enumerate(runs):
            label = f"{LABELS[backend]}, {len(runs)} seeds" if number == 0 else None
            axes.plot(*zip(*points, strict=True), color=colour, alpha=0.75, linewidth=1.2, label=label)
    axes.set(xlabel="env steps", ylabel="contacts per training episode", title="full_view.yaml, random prey")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)


def main(
    batched_seeds: int = 8, pettingzoo_seeds: int = 3, env_steps: int = 250_000, runs: Path = Path("runs/backends")
) -> None:
    """Train the missing runs and draw.

    Args:
        batched_seeds: number of runs on tensors, seeds from 1.
        pettingzoo_seeds: number of runs through mpe2, seeds from 1.
        env_steps: env steps of each run.
        runs: folder of the runs.
    """
    wanted = {"batched": batched_seeds, "pettingzoo": pettingzoo_seeds}
    curves = {
        f"{backend}-{seed}": curve(runs, backend, seed, env_steps)
        for backend, seeds in wanted.items()
        for seed in range(1, seeds + 1)
    }
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "backends.json").write_text(json.dumps(curves) + "\n")
    draw(curves, results / "backends.png")


if __name__ == "__main__":
    tyro.cli(main)
