"""Natives that deserve the name: for each team the best of a list of settings, then fresh seeds; and the ratios anew.

Usage: python experiments/natives.py [--cells 1+3 4+4 8+8] [--hours 2] [--no-play-frozen]

The protocol. In 1+3 every setting of `SETTINGS` is trained with the tuning seeds, in the other cells those of
`ELSEWHERE`; chosen is the one whose evaluations at the end of training have the most contacts on average, among those
in which each class has learnt with each tuning seed, if there are any. Then fresh seeds are trained with
the chosen setting alone: they are the natives. A class has learnt if each of its agents has at least `LEARNT` contacts
in the last tenth of the training episodes; random predators have about 0.3 each. The arms are trained with the fresh
seeds too, and played frozen beside the natives of the cells that are there, with messages and without.

Runs and episodes are kept in ``--runs``: the same command goes on. With ``--hours`` no setting begins later than
that. ``experiments/results/natives.json`` is written after each setting, and what stands there is not trained again
where the runs are gone, but natives that are to play.
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
from rows import markdown

import marl
from marl.analysis.logged_runs import read_logged
from marl.core.files import save_json
from marl.core.reading import read_json
from marl.training.checkpoints import Checkpoints

RESULTS = Path(__file__).parent / "results" / "natives.json"
PRESET, CLASSES, ENV_STEPS = "predator_teams_fixed", ("A", "B"), 400_000
CELLS = ("1+3", "4+4", "8+8", "3+1", "2+2", "1+1")
"""Teams, those whose natives had not learnt first."""
PREY = "random,flee,held_out_prey"
LEARNT = 2.0
EVALUATION, LAST = "evaluation/contacts_per_episode", 0.1


@dataclass(frozen=True)
class Setting:
    """Training of a team.

    Args:
        options: of ``marl train``, beside the preset's.
        times: length, in budgets of the fixed preset.
        preset: name of the preset.
    """

    options: tuple[str, ...] = ()
    times: int = 1
    preset: str = PRESET


SYMMETRIES = ("--algorithm.symmetries", "True")
SETTINGS: dict[str, Setting] = {
    "fixed": Setting(),
    "symmetric": Setting(SYMMETRIES),
    "symmetric_twice": Setting(SYMMETRIES, times=2),
    "symmetric_half_spirit": Setting((*SYMMETRIES, "--algorithm.team-spirit", "0.0", "0.5")),
    "symmetric_own_reward": Setting((*SYMMETRIES, "--algorithm.team-spirit", "0.0")),
    "symmetric_own_reward_twice": Setting((*SYMMETRIES, "--algorithm.team-spirit", "0.0"), times=2),
    "symmetric_slow": Setting((*SYMMETRIES, "--algorithm.learning-rate", "0.001", "0.0001")),
    "symmetric_fast": Setting((*SYMMETRIES, "--algorithm.learning-rate", "0.004", "0.0004")),
}
"""List that a native is chosen from: symmetries off and on, then with one thing changed; and, added when the tuning
seeds of 1+3 had shown that twice the env steps and own rewards help, both."""

ELSEWHERE = ("symmetric_half_spirit", "symmetric_own_reward", "symmetric_own_reward_twice")
"""Those that other cells than 1+3 choose from: with both tuning seeds of 1+3, A learnt in no other."""

ARMS: dict[str, Setting] = {
    "mixed": Setting(preset="predator_teams_mixed"),
    "fixed": Setting(),
    "symmetric": Setting(SYMMETRIES),
    "mixed_symmetric": Setting(SYMMETRIES, preset="predator_teams_mixed"),
    "mixed_own_reward": Setting((*SYMMETRIES, "--algorithm.team-spirit", "0.0"), preset="predator_teams_mixed"),
}
"""Trainings that play frozen in every cell."""


class LateError(Exception):
    """No time is left to begin a training."""


@dataclass(frozen=True)
class Campaign:
    """Extent of the measurement.

    Args:
        runs: folder of the runs.
        tuning: seeds of the choice, which are not reported.
        fresh: seeds of the natives and the arms.
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
        listed = {
            "tuning_seeds": self.tuning,
            "fresh_seeds": self.fresh,
            "settings": tuple(SETTINGS),
            "elsewhere": ELSEWHERE,
        }
        told = {"preset": PRESET, "env_steps": self.env_steps, "learnt": LEARNT}
        return {**told, **{name: list(values) for name, values in listed.items()}}

    def train(self, setting: Setting, folder: Path, seeds: Sequence[int], team: str | None = None) -> list[Path]:
        """Train the runs of a setting as far as they are missing, and return their folders.

        Raises:
            LateError: if there is something to train and no time.
        """
        found, budget = [folder / f"seed-{seed}" for seed in seeds], setting.times * self.env_steps
        command = [sys.executable, "-m", "marl", "train", setting.preset, "--out", str(folder)]
        command += ["--seeds", ",".join(map(str, seeds)), "--jobs", str(self.jobs), *setting.options]
        command += ["--total-env-steps", str(budget)]
        if team is not None:
            counts = zip(CLASSES, team.split("+"), strict=True)
            command += ["--team", ",".join(f"{name}={count}" for name, count in counts)]
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


def settings_of(cell: str) -> list[str]:
    """Names of the settings that a cell chooses from."""
    return [name for name in SETTINGS if cell == CELLS[0] or name in ELSEWHERE]


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
    for name in (name for name in settings_of(cell) if name not in row["tuning"]):
        runs = campaign.train(SETTINGS[name], campaign.runs / "tuning" / cell / name, campaign.tuning, cell)
        row["tuning"][name] = outcome(runs)
        save_json(results, told)
    if "natives" in row:
        return
    row["chosen"] = chosen(row["tuning"])
    natives = outcome(campaign.natives(cell, row["chosen"]))
    row["natives"] = {**natives, "learnt": learnt(natives)}
    save_json(results, told)


def play(campaign: Campaign, natives: Mapping[str, str], episodes: int) -> dict[str, Any]:
    """Train the arms, play them frozen beside the natives, and return their ratios and all else over cells.

    Args:
        campaign: extent.
        natives: the setting that was chosen for each cell.
        episodes: of each policy in each cell against each prey.
    """
    for cell, setting in natives.items():
        campaign.natives(cell, setting)
    runs = [
        run
        for name, setting in ARMS.items()
        for run in campaign.train(setting, campaign.runs / "arms" / name, campaign.fresh)
    ]
    trained, out = campaign.runs / "natives", campaign.runs / "report"
    report = marl.generalise(runs, ",".join(natives), out, PREY, episodes, trained, jobs=campaign.jobs)
    return {name: report[name] for name in ("comparisons", "aggregates", "improvements")}


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
    cells: tuple[str, ...] = CELLS,
    tuning: tuple[int, ...] = (201, 202),
    fresh: tuple[int, ...] = (211, 212, 213, 214, 215),
    env_steps: int = ENV_STEPS,
    episodes: int = 500,
    jobs: int = 1,
    hours: float | None = None,
    play_frozen: bool = True,
    runs: Path = Path("runs", "natives"),
    out: Path = RESULTS,
) -> None:
    """Train what is missing, play, and print the table of natives.

    Args:
        cells: teams, of ``CELLS``.
        tuning: seeds of the choice, which are not reported.
        fresh: seeds of the natives and the arms.
        env_steps: budget of a training.
        episodes: of each policy in each cell against each prey.
        jobs: trainings, and processes that play, at once.
        hours: after which no setting begins; none by default.
        play_frozen: train the arms too and play them beside the natives.
        runs: folder of the runs and the report.
        out: the JSON file.
    """
    unknown = [cell for cell in cells if cell not in CELLS]
    if unknown:
        raise SystemExit(f"there is no cell {unknown[0]!r}; there is {', '.join(CELLS)}")
    if min(len(tuning), len(fresh)) < 2:
        raise SystemExit(f"tuning seeds are {tuning} and fresh ones {fresh}; give at least two of each")
    until = None if hours is None else time.monotonic() + 3600 * hours
    campaign = Campaign(runs, tuning, fresh, env_steps, jobs, until)
    told: dict[str, Any] = read_json(out) if out.exists() else {"protocol": campaign.protocol, "cells": {}}
    if told["protocol"] != campaign.protocol:
        raise SystemExit(f"{out} was measured with {told['protocol']}, not {campaign.protocol}; move it away first")
    try:
        for cell in cells:
            tune(campaign, cell, told, out)
        if play_frozen:
            rows = {cell: told["cells"].get(cell, {}) for cell in CELLS}
            there = {cell: row["chosen"] for cell, row in rows.items() if "natives" in row}
            told["frozen"] = {"cells": list(there), **play(campaign, there, episodes)}
            save_json(out, told)
    except LateError:
        print(table(told))
        raise SystemExit("the hours are over; the same command goes on") from None
    print(table(told))


if __name__ == "__main__":
    tyro.cli(main)
