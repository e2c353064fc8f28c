"""Matches of sides and seats of PettingZoo environments, each trained or random, over five seeds.

Usage: python experiments/pettingzoo_matches.py [--only NAME ...] [--seeds 31 32 33 34 35] [--runs DIR]

Each seed of a preset is trained once, and its policy plays every match: itself, and random agents on one side or seat.
Actions are drawn. Numbers are means over the seeds with 95 % bootstrap intervals over them. What was trained and played
is kept: the same command goes on.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro
from rows import kept, markdown, measured

import marl
from marl.core.errors import Note
from marl.maths.intervals import bootstrap_mean
from marl.training.run_config import load_config

RESULTS = Path(__file__).parent / "results" / "pettingzoo_matches.json"


@dataclass(frozen=True)
class Encounter:
    """One environment.

    Args:
        preset: name of the preset.
        matches: by title, who is not played by the run; see ``play`` of `marl.evaluate`.
        measures: measures of each match.
        episodes: episodes of each match.
        needs: module without which it is left out.
    """

    preset: str
    matches: Mapping[str, Mapping[str, str]]
    measures: Sequence[str]
    episodes: int
    needs: str = "mpe2"


def sides(first: str, second: str) -> dict[str, dict[str, str]]:
    """Matches of two sides, each trained or random."""
    return {
        "both trained": {},
        f"{second} random": {second: "random"},
        f"{first} random": {first: "random"},
        "both random": {first: "random", second: "random"},
    }


SEATS = {
    "trained in the first seat": {"player_1": "random"},
    "trained in the second seat": {"player_0": "random"},
    "random against random": {"player_0": "random", "player_1": "random"},
}
WON = ("share_won_player_0", "share_drawn", "share_won_player_1")
PAID = ("return_per_player_0", "return_per_player_1")
ENCOUNTERS = {
    "speaker_listener": Encounter(
        "speaker_listener_sides", sides("speaker", "listener"), ("return_per_speaker", "return_per_listener"), 500
    ),
    "world_comm": Encounter(
        "world_comm_sides",
        sides("predators", "prey"),
        ("return_per_predators", "return_per_prey"),
        500,
    ),
    "connect_four": Encounter("connect_four_ppo", SEATS, WON, 1000, "pettingzoo"),
    "leduc_holdem": Encounter("leduc_holdem_ppo", SEATS, (*WON, *PAID), 1000, "rlcard"),
}
"""Environments by name."""


def measure(encounter: Encounter, folder: Path, seeds: Sequence[int]) -> dict[str, Any]:
    """Train and play what is missing, and return the row.

    Args:
        encounter: the environment.
        folder: folder of its runs.
        seeds: training seeds.
    """
    runs = [folder / f"seed-{seed}" for seed in seeds]
    played = [_played(encounter, run, seed) for run, seed in zip(runs, seeds, strict=True)]
    matches = {
        title: {
            measure: bootstrap_mean([by_title[title][measure] for by_title in played]).mean_as_json()
            for measure in encounter.measures
        }
        for title in encounter.matches
    }
    return {
        "environment": load_config(runs[0] / "config.yaml").env.name,
        "preset": encounter.preset,
        "env_steps": load_config(runs[0] / "config.yaml").total_env_steps,
        "seeds": list(seeds),
        "episodes": encounter.episodes,
        "matches": matches,
        "by_seed": dict(zip(map(str, seeds), played, strict=True)),
    }


def _played(encounter: Encounter, run: Path, seed: int) -> dict[str, dict[str, float]]:
    """Measures of each match of one run."""

    def learnt() -> dict[str, dict[str, float]]:
        marl.train(encounter.preset, out=run, resume=(run / "checkpoints").exists(), seed=seed)
        told = {}
        for title, play in encounter.matches.items():
            result = marl.evaluate(run, encounter.episodes, play=play)
            # draws in every episode leave nothing to tell
            told[title] = {name: result[name]["mean"] for name in encounter.measures}
        return told

    played = dict(kept(run / "matches.json", learnt))
    print(run, played, flush=True)
    return played


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Rows in Markdown, one for each match."""
    tables = []
    for row in rows.values():
        measures = list(next(iter(row["matches"].values())))
        titles = [f"{row['environment']}, {row['env_steps']:,} env steps", *(n.replace("_", " ") for n in measures)]
        cells = [[title, *(_cell(told[name]) for name in measures)] for title, told in row["matches"].items()]
        tables.append(markdown(titles, cells))
    return "\n\n".join(tables)


def _cell(estimate: Mapping[str, Any]) -> str:
    low, high = estimate["ci95"]
    return f"{estimate['mean']:.2f} [{low:.2f}, {high:.2f}]"


def main(
    only: tuple[str, ...] = (),
    seeds: tuple[int, ...] = (31, 32, 33, 34, 35),
    runs: Path = Path("runs/pettingzoo_matches"),
    out: Path = RESULTS,
) -> None:
    """Measure rows, write them and print the tables.

    Args:
        only: names of rows; all by default.
        seeds: training seeds.
        runs: folder of the runs.
        out: the JSON file.
    """
    warnings.simplefilter("ignore", Note)
    rows = measured(ENCOUNTERS, lambda name: measure(ENCOUNTERS[name], runs / name, seeds), only, out)
    print(table(rows))


if __name__ == "__main__":
    tyro.cli(main)
