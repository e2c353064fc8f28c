"""CPU time and memory of training natives, by the size of their team.

Usage: python experiments/team_cost.py [--only 2+2 16+16] [--env-steps 10000] [--times 3]

``predator_teams_fixed`` is trained for a few iterations in each team, each in a process of its own on one thread. CPU
seconds are those of collecting and learning, without Python's start and evaluations; memory is the peak of the whole
process, PyTorch and its libraries included.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tyro
from rows import markdown, measured

from marl.analysis.logged_runs import read_logged

RESULTS = Path(__file__).parent / "results" / "team_cost.json"
TEAMS = ("2+2", "4+4", "8+8", "12+12", "16+16")
FULL = 400_000
"""Env steps of the training whose CPU time is told."""


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Args:
        needs: module without which the row is left out.
    """

    needs: str = "torch"


def measure(env_steps: int, times: int, name: str) -> dict[str, Any]:
    """Train one team for a moment, several times; the median is told, and the range of the rates."""
    each = sorted((train(env_steps, name) for _ in range(times)), key=lambda told: told["env_steps_per_cpu_second"])
    rates = [told["env_steps_per_cpu_second"] for told in each]
    told = {**each[len(each) // 2], "rates": rates, "peak_mb": max(told["peak_mb"] for told in each)}
    print(name, told, flush=True)
    return told


def train(env_steps: int, name: str) -> dict[str, Any]:
    """Train one team in a process of its own."""
    team = ",".join(f"{kind}={count}" for kind, count in zip("AB", name.split("+"), strict=True))
    command = [sys.executable, "-m", "marl", "train", "predator_teams_fixed", "--team", team, "--threads", "1"]
    command += ["--total-env-steps", str(env_steps), "--log-interval", "1"]
    command += ["--evaluation-interval", str(env_steps), "--evaluation-episodes", "1"]
    with TemporaryDirectory() as folder:
        process = subprocess.Popen([*command, "--out", f"{folder}/run"], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{' '.join(command)} ended with status {process.returncode}")
        steps, seconds = read_logged(Path(folder, "run")).series["time/cpu_seconds"]
    # the first iteration also fills caches
    rate = (steps[-1] - steps[0]) / (seconds[-1] - seconds[0])
    told = {"env_steps": int(steps[-1]), "cpu_seconds": round(float(seconds[-1]), 1)}
    return {**told, "env_steps_per_cpu_second": round(float(rate)), "peak_mb": usage.ru_maxrss // 1024}


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Table of all rows, with the CPU time of a whole training at that rate."""
    titles = ["team", "env steps", "CPU s", "env steps per CPU s", f"CPU minutes for {FULL:,}", "peak MB"]
    cells = [
        [
            name,
            f"{row['env_steps']:,}",
            f"{row['cpu_seconds']:.1f}",
            f"{row['env_steps_per_cpu_second']:,}",
            f"{FULL / row['env_steps_per_cpu_second'] / 60:.0f}",
            f"{row['peak_mb']:,}",
        ]
        for name, row in rows.items()
    ]
    return markdown(titles, cells)


def main(only: tuple[str, ...] = (), env_steps: int = 10_000, times: int = 3, out: Path = RESULTS) -> None:
    """Measure, and print the table.

    Args:
        only: teams to measure; all if none are given.
        env_steps: length of each training.
        times: trainings of each team.
        out: the JSON file.
    """
    print(table(measured(dict.fromkeys(TEAMS, Row()), partial(measure, env_steps, times), only, out)))


if __name__ == "__main__":
    tyro.cli(main)
