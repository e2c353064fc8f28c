"""Ablations: a preset trained with single parts changed, measured and drawn.

Usage: python experiments/ablations.py [--name graphs] [--arms default,no_messages] [--jobs N]

Finished runs and episodes are kept, so that a stopped comparison loses nothing. Writes
``NAME.json`` and ``NAME.png`` into ``experiments/results``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

import marl
from marl.core.files import atomic_path
from marl.maths.intervals import Estimate
from marl.maths.seed_statistics import difference

HERE = Path(__file__).parent
TEAM, PREY, EPISODES = "2+2", ("random", "flee"), 500
EVERYTHING = "{A: [landmarks, prey, teammates], B: [landmarks, prey, teammates]}"

ARMS: dict[str, list[str]] = {
    "default": [],
    "full_view": ["--env.classes", EVERYTHING],
    "range_1.5": ["--env.communication", "{range: 1.5, training_range: [1.5, 4.0]}"],
    "range_1.0": ["--env.communication", "{range: 1.0, training_range: [1.0, 4.0]}"],
    "link_loss": ["--env.communication", "{range: null, link_loss: [0.0, 0.5]}"],
    "no_messages": ["--policy.graph.kind", "none"],
    "plain_gcn": ["--policy.graph.kind", "plain_gcn"],
    "two_rounds": ["--policy.graph.rounds", "2"],
    "no_memory": ["--policy.encoder.temporal", "none"],
    "window_4": ["--policy.encoder.transformer.window", "4"],
    "window_16": ["--policy.encoder.transformer.window", "16"],
    "sharing_team": ["--policy.encoder.sharing", "team"],
    "sharing_agent": ["--policy.encoder.sharing", "agent"],
    "critic_team": ["--policy.critic.sharing", "team"],
    "critic_independent": ["--policy.critic.sharing", "independent"],
    "mixed_sizes": ["--env.training-teams", "{A: [1, 4], B: [1, 4]}"],
    "a2c": ["--algorithm.name", "a2c"],
    "reinforce": ["--algorithm.name", "reinforce"],
    "no_auxiliary": ["--algorithm.auxiliary-coef", "0"],
    "shared_reward": ["--algorithm.team-spirit", "1"],
    "curriculum": [
        "--env.curriculum",
        "{episodes: 256, stages: [{prey_speed: 0.5, until: 20}, {prey_speed: 0.75, until: 20}, {}]}",
    ],
    "symmetries": ["--algorithm.symmetries", "True"],
    "advantage_all": ["--algorithm.normalise-advantage", "all"],
}
"""Options of each arm; the default has GAT messages of unlimited range, a window of 8, everything by class, PPO."""


TRANSFORMER = ["--policy.encoder.temporal", "transformer"]
MEMORIES: dict[str, list[str]] = {
    "no_memory": ["--policy.encoder.temporal", "none"],
    "stack": ["--policy.encoder.temporal", "stack"],
    "gru": ["--policy.encoder.temporal", "gru"],
    "transformer": TRANSFORMER,
    "transformer_gru_gate": [*TRANSFORMER, "--policy.encoder.transformer.gate", "gru"],
}
LONGER = {"no_memory_longer": [*MEMORIES["no_memory"], "--total-env-steps", "340000"]}
"""No memory for the CPU time of the transformer, measured as 92 seconds for 220,000 env steps and 59 without memory."""

OUTAGE = ["--env.communication", "{range: 1.5, training_range: [1.5, 4.0], outage: 0.7, outage_steps: 10}"]
HEARD = ["--policy.encoder.remembers", "heard"]
"""The memory behind the messages."""
HEARERS: dict[str, list[str]] = {
    "no_memory": MEMORIES["no_memory"],
    "stack": [*MEMORIES["stack"], *HEARD],
    "gru": [*MEMORIES["gru"], *HEARD],
    "transformer": [*TRANSFORMER, *HEARD],
    "transformer_gru_gate": [*MEMORIES["transformer_gru_gate"], *HEARD],
    "transformer_window_16": [*TRANSFORMER, *HEARD, "--policy.encoder.transformer.window", "16"],
    "transformer_of_what_was_seen": TRANSFORMER,
    "gru_of_what_was_seen": MEMORIES["gru"],
    "no_memory_longer": LONGER["no_memory_longer"],
}

TO_1 = ["--algorithm.team-spirit", "0.0", "1.0"]
"""The schedule that predator_teams_quick had, with which others were measured."""
AS_THEY_WERE = [*TO_1, "--algorithm.symmetries", "False"]
"""What predator_teams_fixed had when its arms were measured; what an arm changes of it comes after."""
SPIRITS: dict[str, list[str]] = {
    "to_1": TO_1,
    "to_half": ["--algorithm.team-spirit", "0.0", "0.5"],
    "own_rewards": ["--algorithm.team-spirit", "0.0"],
}


def seen_within(radius: float) -> dict[str, list[str]]:
    """Each memory, where B sees the prey only within a radius."""
    near = [*TO_1, "--env.classes", f"{{A: [landmarks], B: ['prey:1@{radius}']}}"]
    return {name: [*near, *memory] for name, memory in (MEMORIES | LONGER).items()}


PARTS: dict[str, list[str]] = {
    "all_parts": [],
    "no_memory": ARMS["no_memory"],
    "no_messages": ARMS["no_messages"],
    "one_critic_for_all": ARMS["critic_team"],
    "no_prediction_of_prey": ARMS["no_auxiliary"],
}


@dataclass(frozen=True)
class Ablation:
    """A preset, the options of each arm, and the training seeds; the first arm is compared with the others."""

    preset: str
    arms: dict[str, list[str]]
    seeds: tuple[int, ...]
    env_steps: int

    @property
    def protocol(self) -> dict[str, Any]:
        """All that numbers of one file have in common."""
        seeds = list(self.seeds)
        return {
            "preset": self.preset,
            "team": TEAM,
            "env_steps": self.env_steps,
            "seeds": seeds,
            "episodes": EPISODES,
        }


ABLATIONS = {
    "ablations": Ablation(
        "predator_teams_fixed",
        {name: [*AS_THEY_WERE, *options] for name, options in ARMS.items()},
        (1, 2, 3),
        400_000,
    ),
    "graphs": Ablation(
        "predator_teams_quick",
        {kind: [*TO_1, *TRANSFORMER, "--policy.graph.kind", kind] for kind in ("gat", "gcn", "plain_gcn", "none")},
        (61, 62, 63, 64, 65),
        220_000,
    ),
    "sight": Ablation("predator_teams_quick", seen_within(0.8), (81, 82, 83, 84, 85), 220_000),
    "short_sight": Ablation("predator_teams_quick", seen_within(0.4), (131, 132, 133, 134, 135), 220_000),
    "velocities": Ablation(
        "predator_teams_memory",
        MEMORIES | LONGER,
        (91, 92, 93, 94, 95),
        220_000,
    ),
    "outages": Ablation(
        "predator_teams_quick",
        {name: [*TO_1, *OUTAGE, *memory] for name, memory in HEARERS.items()},
        (101, 102, 103, 104, 105),
        220_000,
    ),
    "spirit": Ablation("predator_teams_quick", SPIRITS, (111, 112, 113, 114, 115), 220_000),
    "parts": Ablation(
        "predator_teams_memory",
        PARTS,
        (91, 92, 93, 94, 95),
        220_000,
    ),
    "outage_parts": Ablation("predator_teams_outages", PARTS, (121, 122, 123, 124, 125), 220_000),
}


def train(ablation: Ablation, arm: str, folder: Path, jobs: int | None) -> list[Path]:
    """Train the runs of an arm as far as they are missing, and return their folders."""
    seeds = ",".join(str(seed) for seed in ablation.seeds)
    command = [sys.executable, "-m", "marl", "train", ablation.preset, "--out", str(folder / arm), "--seeds", seeds]
    options = ablation.arms[arm]
    if "--total-env-steps" not in options:
        options = ["--total-env-steps", str(ablation.env_steps), *options]
    command += options
    print(f"{arm}: training", flush=True)
    subprocess.run(command + ([] if jobs is None else ["--jobs", str(jobs)]), check=True)
    return [folder / arm / f"seed-{seed}" for seed in ablation.seeds]


def measure(arm: str, runs: list[Path], folder: Path, jobs: int | None) -> dict[str, Any]:
    """Measure contacts against each prey, with messages and without."""
    print(f"{arm}: playing", flush=True)
    report = marl.generalise(runs, TEAM, folder / "played" / arm, ",".join(PREY), EPISODES, jobs=jobs)
    learnt = [row for row in report["results"] if row["kind"] in ("arm", "messages off")]
    return {f"{row['prey']}, {row['kind']}": row["measures"]["contacts_per_episode"] for row in learnt}


def compare(arms: dict[str, Any]) -> None:
    """Add to each arm by how much it differs from the first, against each prey."""
    first, *others = arms.values()
    for measured in others:
        for column in (f"{prey}, arm" for prey in PREY):
            seeds = [np.array(each[column]["per_seed"]) for each in (measured, first)]
            measured[f"{column}, difference"] = difference(*seeds).as_json()


def table_of(arms: dict[str, Any]) -> Table:
    """Table of one row for each arm."""
    columns = [f"{prey}, {kind}" for kind in ("arm", "messages off", "arm, difference") for prey in PREY]
    table = Table(title="contacts per episode: interquartile mean and 95 % interval over seeds")
    for column in ("arm", *columns):
        table.add_column(column.replace(", arm", ""))
    for arm, measured in arms.items():
        table.add_row(arm, *(_cell(measured.get(column)) for column in columns))
    return table


def _cell(estimate: dict[str, Any] | None) -> str:
    if estimate is None:
        return "-"
    interval = Estimate.from_json(estimate).ci95
    return f"{estimate['value']:.1f}" + ("" if interval is None else f" [{interval[0]:.1f}, {interval[1]:.1f}]")


def draw(arms: dict[str, Any], path: Path) -> None:
    """Draw a dot with its interval for each arm, one panel a prey; small dots are seeds, hollow ones lack messages."""
    figure = Figure(figsize=(9, 1.2 + 0.32 * len(arms)), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, prey in zip(figure.subplots(1, len(PREY), sharey=True), PREY, strict=True):
        for row, measured in enumerate(arms.values()):
            for kind, filled in (("messages off", False), ("arm", True)):
                _dot(axes, row, measured.get(f"{prey}, {kind}"), filled)
        axes.set(title=f"{prey} prey", xlabel="contacts per episode, 2 A + 2 B", xlim=(0, None))
        axes.set_yticks(range(len(arms)), [name.replace("_", " ") for name in arms])
        axes.grid(axis="x", alpha=0.3)
    figure.axes[0].set_ylim(len(arms) - 0.5, -0.5)
    first = next(iter(arms.values()))[f"{PREY[0]}, arm"]
    over = f"{len(first['per_seed'])} seeds" if Estimate.from_json(first).over == "seeds" else "episodes, one seed"
    figure.supxlabel(f"filled: as trained; hollow: messages off at test; bars: 95 % over {over}", fontsize=9)
    figure.savefig(path, dpi=120, format="png")


def _dot(axes: Any, row: int, estimate: dict[str, Any] | None, filled: bool) -> None:
    if estimate is None:
        return
    colour = "#0072B2" if filled else "#D55E00"
    interval = Estimate.from_json(estimate).ci95
    if interval is not None:
        axes.plot(interval, [row, row], color=colour, linewidth=2, alpha=0.6)
    axes.plot(estimate["per_seed"], [row] * len(estimate["per_seed"]), ".", color=colour, markersize=3)
    axes.plot(estimate["value"], row, "o", color=colour, markerfacecolor=colour if filled else "white", markersize=6)


def main(name: str = "ablations", arms: str | None = None, jobs: int | None = None, runs: Path | None = None) -> None:
    """Train and play the missing runs, print the table and draw.

    Args:
        name: of the ablation.
        arms: names with commas, all by default; arms that were measured before stay in the table.
        jobs: number of processes at once; as many as the machine bears by default.
        runs: folder of the runs, by default ``runs/NAME``.
    """
    if name not in ABLATIONS:
        raise SystemExit(f"there is no ablation {name!r}; there is {', '.join(ABLATIONS)}")
    ablation, folder = ABLATIONS[name], Path("runs", name) if runs is None else runs
    wanted = list(ablation.arms) if arms is None else arms.split(",")
    unknown = [arm for arm in wanted if arm not in ablation.arms]
    if unknown:
        raise SystemExit(f"there is no arm {unknown[0]!r}; there is {', '.join(ablation.arms)}")
    results, protocol = HERE / "results" / f"{name}.json", ablation.protocol
    before = json.loads(results.read_text()) if results.exists() else {"protocol": protocol, "arms": {}}
    if before["protocol"] != protocol:
        raise SystemExit(f"{results} was measured with {before['protocol']}, not {protocol}; move it away first")
    measured = before["arms"]
    for arm in wanted:
        measured[arm] = measure(arm, train(ablation, arm, folder, jobs), folder, jobs)
        ordered = {name: measured[name] for name in ablation.arms if name in measured}
        compare(ordered)
        with atomic_path(results) as path:
            path.write_text(json.dumps({"protocol": protocol, "arms": ordered}, indent=1) + "\n")
        with atomic_path(results.with_suffix(".png")) as path:
            draw(ordered, path)
    Console(highlight=False).print(table_of(ordered))


if __name__ == "__main__":
    tyro.cli(main)
