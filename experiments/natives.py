"""Natives that deserve the name: for each team the best of a list of settings, then fresh seeds, which play.

Usage: python experiments/natives.py [--cells 1+3 4+4 8+8] [--hours 2]

The protocol. `CHOICES` has for each cell the settings that are trained with the tuning seeds; chosen is the one whose
evaluations at the end of training have the most contacts on average, among those in which each class has learnt with
each tuning seed, if there are any. Where there is one setting, nothing is tuned. Then fresh seeds are trained with the
chosen setting alone: they are the natives. A class has learnt if each of its agents has at least `LEARNT` contacts in
the last tenth of the training episodes; random predators have about 0.3 each. The natives of each cell then play in
all cells, in the worlds in which ``marl generalise --episodes 200`` lets others play; ``joined_reports.py`` sets both
side by side.

Runs and episodes are kept in ``--runs``: the same command goes on. With ``--hours`` no setting begins later than
that. ``experiments/results/natives.json`` is written after each setting, and ``experiments/results/natives/`` has what
the natives of each cell played. What stands there is not trained again where the runs are gone.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from joined_reports import natives_alone
from rows import markdown

import marl
from marl.analysis.logged_runs import read_logged
from marl.core.files import save_json
from marl.core.reading import read_json
from marl.training.checkpoints import Checkpoints

RESULTS = Path(__file__).parent / "results"
PRESET, CLASSES, ENV_STEPS = "predator_teams_fixed", ("A", "B"), 400_000
PREY = "random,flee,held_out_prey"
LEARNT = 2.0
EVALUATION, LAST = "evaluation/contacts_per_episode", 0.1


@dataclass(frozen=True)
class Setting:
    """Training of a team.

    Args:
        options: of ``marl train``, beside the preset's.
        times: length, in budgets of 400,000 env steps.
    """

    options: tuple[str, ...] = ()
    times: int = 1


TO_1, TO_HALF = (("--algorithm.team-spirit", "0.0", end) for end in ("1.0", "0.5"))
SETTINGS: dict[str, Setting] = {
    "fixed": Setting((*TO_1, "--algorithm.symmetries", "False")),
    "symmetric": Setting(TO_1),
    "symmetric_twice": Setting(TO_1, times=2),
    "symmetric_half_spirit": Setting(TO_HALF),
    "symmetric_own_reward": Setting(),
    "symmetric_own_reward_twice": Setting(times=2),
    "symmetric_slow": Setting((*TO_1, "--algorithm.learning-rate", "0.001", "0.0001")),
    "symmetric_fast": Setting((*TO_1, "--algorithm.learning-rate", "0.004", "0.0004")),
    "symmetric_half_spirit_twice": Setting(TO_HALF, times=2),
}
"""Settings that a native is chosen from: symmetries off and on, then with one thing or two changed. The preset has
symmetries and own rewards."""

TWICE = ("symmetric_half_spirit_twice", "symmetric_own_reward_twice")
CHOICES: dict[str, tuple[str, ...]] = {
    "1+3": tuple(name for name in SETTINGS if name != "symmetric_half_spirit_twice"),
    "2+2": TWICE,
    "3+1": TWICE,
    "1+1": TWICE,
    "4+4": ("symmetric_own_reward_twice",),
    "8+8": ("symmetric_own_reward_twice",),
}
"""Settings of each cell. With the tuning seeds of 1+3, A learnt with both only where its own contacts stayed in the
reward, at least in part, and twice the env steps had most contacts: other cells choose between these two. Trainings
of 4+4 and 8+8 take a quarter and half an hour, so nothing is tuned there."""


class LateError(Exception):
    """No time is left to begin a training."""


@dataclass(frozen=True)
class Campaign:
    """Extent of the measurement.

    Args:
        runs: folder of the runs.
        tuning: seeds of the choice, which are not reported.
        fresh: seeds of the natives.
        env_steps: budget of a training.
        jobs: trainings at once.
        until: ``time.monotonic()`` after which no setting begins; None for no end.
    """

    runs: Path
    tuning: tuple[int, ...]
    fresh: tuple[int, ...]
    env_steps: int
    jobs: int
    until: float | None = None

    @property
    def protocol(self) -> dict[str, Any]:
        """Settings that numbers of one file have in common."""
        seeds = {"tuning_seeds": self.tuning, "fresh_seeds": self.fresh}
        listed = {name: list(values) for name, values in seeds.items()}
        choices = {cell: list(names) for cell, names in CHOICES.items()}
        return {"preset": PRESET, "env_steps": self.env_steps, "learnt": LEARNT, **listed, "choices": choices}

    def train(self, setting: Setting, folder: Path, seeds: Sequence[int], team: str) -> list[Path]:
        """Train the runs of a setting as far as they are missing, and return their folders.

        Raises:
            LateError: if there is something to train and no time.
        """
        found, budget = [folder / f"seed-{seed}" for seed in seeds], setting.times * self.env_steps
        command = [sys.executable, "-m", "marl", "train", PRESET, "--out", str(folder)]
        command += ["--seeds", ",".join(map(str, seeds)), "--jobs", str(self.jobs), *setting.options]
        counts = zip(CLASSES, team.split("+"), strict=True)
        team_words = ",".join(f"{name}={count}" for name, count in counts)
        command += ["--total-env-steps", str(budget), "--team", team_words]
        if not all(_env_steps(run) >= budget for run in found):
            if self.until is not None and time.monotonic() > self.until:
                raise LateError
            print(f"training {folder}", flush=True)
            subprocess.run(command, check=True)
        return found

    def natives(self, cell: str, setting: str) -> list[Path]:
        """Train the natives of a cell as far as they are missing, and return their folders."""
        return self.train(SETTINGS[setting], self.runs / "natives" / cell / setting, self.fresh, cell)


def _env_steps(run: Path) -> int:
    latest = Checkpoints(run / "checkpoints").latest
    return 0 if latest is None else int(latest.name)


def outcome(runs: Sequence[Path]) -> dict[str, Any]:
    """Training evaluation of each seed, and contacts of an agent of each class at the end of training."""
    told: dict[str, Any] = {"evaluation": [], **{name: [] for name in CLASSES}}
    for run in runs:
        series = read_logged(run).series
        told["evaluation"].append(round(float(series[EVALUATION][1][-1]), 2))
        for name in CLASSES:
            steps, contacts = series[f"contacts/{name}"]
            told[name].append(round(float(contacts[steps >= (1 - LAST) * steps[-1]].mean()), 2))
    return told


def learnt(found: Mapping[str, Any]) -> list[bool]:
    """For each seed whether each class has learnt; see `outcome`."""
    return [all(found[name][i] >= LEARNT for name in CLASSES) for i in range(len(found["evaluation"]))]


def chosen(tuned: Mapping[str, Mapping[str, Any]]) -> str:
    """Setting with the highest mean of the evaluations, of those that learnt with each seed if there are any."""
    reliable = [name for name, found in tuned.items() if all(learnt(found))]
    return max(reliable or tuned, key=lambda name: float(np.mean(tuned[name]["evaluation"])))


def tune(campaign: Campaign, cell: str, told: dict[str, Any], results: Path) -> None:
    """Train the settings of a cell and then its natives, and put what came out into its row of ``told``."""
    row = told["cells"].setdefault(cell, {"tuning": {}})
    several = CHOICES[cell] if len(CHOICES[cell]) > 1 else ()
    for name in (name for name in several if name not in row["tuning"]):
        runs = campaign.train(SETTINGS[name], campaign.runs / "tuning" / cell / name, campaign.tuning, cell)
        row["tuning"][name] = outcome(runs)
        save_json(results, told)
    if "natives" in row:
        return
    row["chosen"] = chosen(row["tuning"]) if several else CHOICES[cell][0]
    natives = outcome(campaign.natives(cell, row["chosen"]))
    row["natives"] = {**natives, "learnt": learnt(natives)}
    save_json(results, told)


def play(campaign: Campaign, cell: str, setting: str, episodes: int, out: Path) -> None:
    """Play the natives of a cell in all cells, and write their scores unless they are there.

    Args:
        campaign: extent.
        cell: team of the natives.
        setting: the one that was chosen.
        episodes: of each policy in each cell against each prey.
        out: the JSON file.
    """
    if out.exists():
        return
    runs = campaign.natives(cell, setting)
    folder, found = campaign.runs / "report" / cell, runs[0].parent
    # one run is an arm besides, since a report needs one; only what the natives played is kept
    report = marl.generalise(runs[:1], ",".join(CHOICES), folder, PREY, episodes, found, jobs=campaign.jobs)
    out.parent.mkdir(parents=True, exist_ok=True)
    save_json(out, natives_alone(report))


def table(told: Mapping[str, Any]) -> str:
    """Natives of each cell: the setting, the evaluation of each, and what each class has."""
    rows = []
    for cell, row in told["cells"].items():
        for name, found in row["tuning"].items():
            rows.append([cell, name, "tuning", *_columns(found)])
        if "natives" in row:
            of_each = row["natives"]["learnt"]
            seeds = f"natives, {sum(of_each)} of {len(of_each)} learnt"
            rows.append([cell, row["chosen"], seeds, *_columns(row["natives"])])
    return markdown(
        ["cell", "setting", "seeds", "contacts, training evaluation", *(f"of each {c}" for c in CLASSES)], rows
    )


def _columns(found: Mapping[str, Any]) -> list[str]:
    return [", ".join(f"{value:.1f}" for value in found[name]) for name in ("evaluation", *CLASSES)]


def main(
    cells: tuple[str, ...] = tuple(CHOICES),
    tuning: tuple[int, ...] = (201, 202),
    fresh: tuple[int, ...] = tuple(range(211, 216)),
    env_steps: int = ENV_STEPS,
    episodes: int = 200,
    jobs: int = 1,
    hours: float | None = None,
    runs: Path = Path("runs", "natives"),
    out: Path = RESULTS,
) -> None:
    """Train and play what is missing, and print the table of natives.

    Args:
        cells: teams, of ``CHOICES``.
        tuning: seeds of the choice, which are not reported.
        fresh: seeds of the natives.
        env_steps: budget of a training.
        episodes: of each policy in each cell against each prey.
        jobs: trainings, and processes that play, at once.
        hours: after which no setting begins; none by default.
        runs: folder of the runs and of what they played.
        out: folder of ``natives.json`` and ``natives/``.
    """
    unknown = [cell for cell in cells if cell not in CHOICES]
    if unknown:
        raise SystemExit(f"there is no cell {unknown[0]!r}; there is {', '.join(CHOICES)}")
    if min(len(tuning), len(fresh)) < 2:
        raise SystemExit(f"tuning seeds are {tuning}, fresh ones {fresh}; give at least two of each")
    until = None if hours is None else time.monotonic() + 3600 * hours
    campaign, results = Campaign(runs, tuning, fresh, env_steps, jobs, until), out / "natives.json"
    told: dict[str, Any] = read_json(results) if results.exists() else {"protocol": campaign.protocol, "cells": {}}
    if told["protocol"] != campaign.protocol:
        raise SystemExit(f"{results} was measured with {told['protocol']}, not {campaign.protocol}; move it away first")
    try:
        for cell in cells:
            tune(campaign, cell, told, results)
            play(campaign, cell, told["cells"][cell]["chosen"], episodes, out / "natives" / f"{cell}.json")
    except LateError:
        print(table(told))
        raise SystemExit("the hours are over; the same command goes on") from None
    print(table(told))


if __name__ == "__main__":
    tyro.cli(main)
