"""simple_tag beside other libraries, on one measure: contacts over env steps and over CPU seconds.

Usage: python experiments/peers.py [--only NAME ...] [--seeds 401 402 403 404 405] [--seconds 400]
                                   [--benchmarl PYTHON] [--jaxmarl-python PYTHON --jaxmarl CLONE]

`peer_trainings` has the protocol. Each training is a process of one thread, which ends after ``--seconds`` of CPU time
or where its budget does. BenchMARL and JaxMARL need Pythons of their own, in which this package is installed too (for
JaxMARL it need not be); a system without one is left out, and its row in the results stays. What was trained is kept:
the same command goes on. Writes ``peers.json`` and ``peers.png`` into ``experiments/results``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from matplotlib.ticker import EngFormatter
from numpy.typing import NDArray
from rows import markdown

from marl.analysis.learning_curves_picture import COLOURS, LINES
from marl.cli.tables import estimate_text
from marl.core.files import save_json
from marl.core.reading import read_json
from marl.maths.intervals import Estimate
from marl.maths.seed_statistics import interquartile_curve, score
from marl.pictures.style import bare_frame, new_figure, save_png

HERE = Path(__file__).parent
LABELS = {
    "full_view": "full_view",
    "predator_teams_quick": "predator_teams_quick: A is blind",
    "sb3_ppo": "Stable-Baselines3 PPO, SuperSuit",
    "benchmarl_mappo": "BenchMARL MAPPO",
    "benchmarl_mappo_gnn": "BenchMARL MAPPO, GNN",
    "jaxmarl_ippo": "JaxMARL IPPO",
    "jaxmarl_mappo": "JaxMARL MAPPO, GRU",
}
THRESHOLDS = (20, 30)
CHASE, RANDOM = 29.8, 1.3
"""Contacts of greedy chase and of random predators."""
LAST = 0.1
"""Share of the CPU time that the closing mean covers."""
WIDTH = 1.2
"""Factor between the places of a curve; a seed's points between two places are averaged."""


def curve_of(path: Path) -> NDArray[np.float64]:
    """Points of one training, ``[P, 3]``: env steps, CPU seconds, contacts."""
    (points,) = read_json(path).values()
    return np.array(points, dtype=np.float64)


def thinned(points: NDArray[np.float64]) -> list[list[float]]:
    """At most one point for each hundredth of the CPU time, the mean of those in it, for the results."""
    parts = (100 * points[:, 1] / points[-1, 1]).astype(int)
    return [np.round(points[parts == part].mean(0), 2).tolist() for part in np.unique(parts)]


def train(systems: Mapping[str, Sequence[str]], seeds: Sequence[int], seconds: float, jobs: int, folder: Path) -> None:
    """Train what is missing, several at once; ``systems`` has the beginning of each command."""
    script = str(HERE / "peer_trainings.py")
    path = os.pathsep.join(filter(None, (str(HERE.parent), os.environ.get("PYTHONPATH"))))
    one_thread = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    alone = {**os.environ, **one_thread, "PYTHONPATH": path}

    def run(system: str, seed: int) -> None:
        curve = folder / system / f"{seed}.json"
        if curve.exists():
            return
        print(f"training {system}, seed {seed}", flush=True)
        python, *more = systems[system]
        curve.parent.mkdir(parents=True, exist_ok=True)
        with curve.with_suffix(".log").open("w") as log:
            command = [python, script, system, str(seed), str(curve), "--seconds", str(seconds), *more]
            subprocess.run(command, check=True, env=alone, stdout=log, stderr=log)

    with ThreadPoolExecutor(jobs) as pool:
        for done in [pool.submit(run, system, seed) for seed in seeds for system in systems]:
            done.result()


def told_of(curves: Sequence[NDArray[np.float64]], seeds: Sequence[int]) -> dict[str, Any]:
    """Row of a system, from the points of each seed."""
    last = [points[points[:, 1] >= (1 - LAST) * points[-1, 1], 2] for points in curves]
    return {
        "seeds": list(seeds),
        "contacts": score(last).as_json(),
        "env_steps": [int(points[-1, 0]) for points in curves],
        "cpu_seconds": [round(float(points[-1, 1]), 1) for points in curves],
        "reached": {str(mark): [_first(points, mark) for points in curves] for mark in THRESHOLDS},
        "curves": [thinned(points) for points in curves],
    }


def _smooth(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Contacts, each the mean of about a twentieth of all points; shorter at the ends."""
    width = max(1, len(points) // 20)
    kernel, contacts = np.ones(width), points[:, 2]
    return np.convolve(contacts, kernel, "same") / np.convolve(np.ones(len(contacts)), kernel, "same")


def _first(points: NDArray[np.float64], mark: float) -> list[float] | None:
    """Env steps and CPU seconds at which the smooth contacts first are ``mark``; None if never."""
    places = np.flatnonzero(_smooth(points) >= mark)
    return None if not len(places) else [int(points[places[0], 0]), round(float(points[places[0], 1]), 1)]


def at_places(curves: Sequence[NDArray[np.float64]], axis: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places along an axis that all seeds have reached, ``[G]``, and contacts there, ``[S, G]``."""
    low, high = max(points[0, axis] for points in curves), min(points[-1, axis] for points in curves)
    edges = np.geomspace(low, high, max(2, 1 + int(np.log(high / low) / np.log(WIDTH))))
    places = np.sqrt(edges[1:] * edges[:-1])
    found = []
    for points in curves:
        x, y = points[:, axis], points[:, 2]
        inside = [(x >= a) & (x <= b) for a, b in pairwise(edges)]
        known = [(x[part].mean(), y[part].mean()) for part in inside if part.any()]
        found.append(np.interp(places, *np.array(known).T))
    return places, np.array(found)


def draw(rows: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Draw contacts over env steps and over CPU seconds, a curve with its interval for each system."""
    figure = new_figure(10, 5.2, 120)
    axes = figure.subplots(1, 2, sharey=True)
    for number, (system, label) in enumerate((name, label) for name, label in LABELS.items() if name in rows):
        curves = [np.array(points) for points in rows[system]["curves"]]
        style = {"color": COLOURS[number % len(COLOURS)], "linestyle": LINES[number // len(COLOURS)]}
        for axis, panel in enumerate(axes):
            places, contacts = at_places(curves, axis)
            middle, low, high = interquartile_curve(contacts)
            seeds = f"{len(curves)} seeds" if len(curves) > 1 else "1 seed"
            panel.plot(places, middle, linewidth=1.6, label=None if axis else f"{label} ({seeds})", **style)
            if low is not None and high is not None:
                panel.fill_between(places, low, high, alpha=0.18, linewidth=0, color=style["color"])
    for panel, words in zip(axes, ("env steps", "CPU seconds, imports and compilation included"), strict=True):
        for level, name in ((CHASE, "greedy chase"), (RANDOM, "random")):
            panel.axhline(level, color="#606060", linewidth=0.8, linestyle=(0, (4, 3)))
            panel.annotate(name, (0.01, level), xycoords=("axes fraction", "data"), fontsize=8, va="bottom")
        panel.set(xscale="log", xlabel=words, ylim=(0, None))
        panel.xaxis.set_major_formatter(EngFormatter(sep=""))
        panel.grid(alpha=0.3, linewidth=0.6)
        bare_frame(panel)
    axes[0].set_ylabel("contacts per training episode, four predators")
    title = "interquartile mean over seeds, band: 95 % interval over seeds; each with its authors' settings"
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9, title=title, title_fontsize=8)
    save_png(figure, path)


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Contacts at the end, what it took, and when 20 and 30 contacts were reached, medians over seeds."""
    lines = []
    for system in (name for name in LABELS if name in rows):
        row = rows[system]
        steps, seconds = np.array(row["env_steps"]), np.array(row["cpu_seconds"])
        reached = [_reached(row["reached"][str(mark)]) for mark in THRESHOLDS]
        contacts = estimate_text(Estimate.from_json(row["contacts"]), ".1f").replace("\n", " ")
        measured = [f"{np.median(values):,.0f}" for values in (steps, seconds, steps / seconds)]
        lines.append([LABELS[system], contacts, *measured, *reached])
    marks = [f"{mark} contacts: env steps, CPU s" for mark in THRESHOLDS]
    return markdown(["trained", "contacts at the end", "env steps", "CPU s", "env steps per CPU s", *marks], lines)


def _reached(found: Sequence[Sequence[float] | None]) -> str:
    known = [each for each in found if each is not None]
    if not known:
        return "never"
    steps, seconds = np.median(np.array(known), 0)
    part = "" if len(known) == len(found) else f" ({len(known)} of {len(found)})"
    return f"{steps:,.0f}, {seconds:,.0f}{part}"


def main(
    only: tuple[str, ...] = (),
    seeds: tuple[int, ...] = (401, 402, 403, 404, 405),
    seconds: float = 400.0,
    jobs: int = 1,
    benchmarl: str | None = None,
    jaxmarl_python: str | None = None,
    jaxmarl: Path | None = None,
    runs: Path = Path("runs", "peers"),
    out: Path = HERE / "results" / "peers.json",
) -> None:
    """Train what is missing, print the table and draw.

    Args:
        only: names of systems; all whose library is there by default.
        seeds: training seeds.
        seconds: CPU seconds of a training.
        jobs: trainings at once.
        benchmarl: a Python that has BenchMARL and this package.
        jaxmarl_python: a Python that has JaxMARL, distrax and omegaconf.
        jaxmarl: clone of JaxMARL, for its algorithms.
        runs: folder of the curves of each training.
        out: the JSON file.
    """
    here = ("full_view", "predator_teams_quick", "sb3_ppo")
    systems: dict[str, list[str]] = {name: [sys.executable] for name in here}
    if benchmarl is not None:
        systems |= {name: [benchmarl] for name in ("benchmarl_mappo", "benchmarl_mappo_gnn")}
    if jaxmarl_python is not None and jaxmarl is not None:
        systems |= {name: [jaxmarl_python, "--jaxmarl", str(jaxmarl)] for name in ("jaxmarl_ippo", "jaxmarl_mappo")}
    unknown = [name for name in only if name not in systems]
    if unknown:
        raise SystemExit(f"{unknown[0]} is not a system that can be trained here; there is {', '.join(systems)}")
    systems = {name: command for name, command in systems.items() if not only or name in only}
    train(systems, seeds, seconds, jobs, runs)
    told: dict[str, Any] = read_json(out) if out.exists() else {}
    for name in systems:
        told[name] = {"seconds": seconds, **told_of([curve_of(runs / name / f"{s}.json") for s in seeds], seeds)}
    told = {name: told[name] for name in LABELS if name in told}
    save_json(out, told)
    draw(told, out.with_suffix(".png"))
    print(table(told))


if __name__ == "__main__":
    tyro.cli(main)
