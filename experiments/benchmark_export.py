"""Exported policies beside PyTorch: largest difference over whole episodes, and calls per second of CPU time.

Usage: python experiments/benchmark_export.py [--only NAME ...] [--episodes 2] [--seconds 2] [--runs FOLDER]

Policies are trained for a moment and kept in ``--runs``. Each plays whole episodes of one world in PyTorch, drawing its
actions, and the file is asked at each step what it would answer; teams of several sizes through one file. A call is a
step of one world: `Policy.act` in PyTorch, `ExportedTeam` in onnxruntime, which pads to the largest team. They are
measured in turn on one thread, three times each, and the best counts.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro
from exported_team import ExportedTeam
from rows import markdown, measured

import marl
from marl.core.environment import TaskEnvironment
from marl.core.records import Observation
from marl.policies.policy import Policy

RESULTS = Path(__file__).parent / "results" / "benchmark_export.json"
RUNS = Path(__file__).parents[1] / "runs" / "export"
SMALL: dict[str, Any] = {"total_env_steps": 4096, "evaluation_episodes": 2}


@dataclass(frozen=True)
class Case:
    """One policy.

    Args:
        run: preset that is trained, or a policy that comes with the package.
        told: words for the table.
        largest: the largest team, and ``teams`` those that play through one file.
        needs: module without which it is left out.
        changes: of the training.
    """

    run: str
    told: str
    largest: str | None = None
    teams: tuple[str | None, ...] = (None,)
    needs: str = "marl"
    changes: Mapping[str, Any] | None = None


TEAMS = ("A=1,B=1", "A=3,B=1", "A=4,B=4", "A=8,B=8")
CASES = {
    "teams": Case("predator_team", "predators, transformer and GATv2", "A=8,B=8", TEAMS),
    "cartpole_ppo": Case("cartpole_ppo", "CartPole, PPO", changes=SMALL),
    "cartpole_dqn": Case("cartpole_dqn", "CartPole, DQN", changes=SMALL),
    "table": Case("frozen_lake_q_table", "FrozenLake, table", changes=SMALL),
    "continuous": Case("pendulum_ppo", "Pendulum, PPO, continuous", changes=SMALL),
    "pictures": Case(
        "pistonball_ppo",
        "pistonball, ten pictures of 42 x 42",
        needs="pymunk",
        changes={"total_env_steps": 64, "num_copies": 2, "rollout_length": 16, "evaluation_episodes": 1},
    ),
}


def seen_by(observation: Observation, team: ExportedTeam) -> dict[str, np.ndarray]:
    """Inputs of a file from an observation ``[1, ...]``."""
    named = {
        f"{field}_{name}": x
        for field in ("features", "images", "action_mask")
        for name, x in (getattr(observation, field) or {}).items()
    }
    named |= {field: getattr(observation, field) for field in ("alive", "acting", "adjacency", "kinematics")}
    return {name: named[name][0].numpy() for name in team.facts["inputs"] if named.get(name) is not None}


def difference(policy: Policy, environment: TaskEnvironment, team: ExportedTeam, episodes: int) -> tuple[float, int]:
    """Largest difference of an output for agents that are there, over whole episodes, and the number of steps.

    For log-probabilities as it is; for other numbers above 1 in parts of them.
    """
    largest, steps, generator = 0.0, 0, torch.Generator().manual_seed(0)
    observation, left = environment.reset(0), episodes
    memory = policy.initial_memory(1, environment.roster.size)
    while left:
        with torch.no_grad():
            wanted, _ = policy.outputs(observation, memory)
        found = team(**seen_by(observation, team))
        alive = dict(zip(observation.features, observation.alive[0].split(list(sizes(observation))), strict=True))
        for name, x in wanted.items():
            there = alive[team.facts["outputs"][name]["class"]].numpy()
            exact = x[0].numpy().astype(np.float64)
            unit = 1 if name.startswith("log_probs") else np.maximum(1, np.abs(exact))
            largest = max(largest, float((np.abs(exact - found[name]) / unit)[there].max(initial=0)))
        act = policy.act(observation, memory, generator)
        step = environment.step(act.action)
        observation, memory = step.observation, None if act.memory is None else act.memory.reset(step.ended)
        if bool(step.ended[0]):
            team.reset()
            left -= 1
        steps += 1
    return largest, steps


def sizes(observation: Observation) -> list[int]:
    """Number of agents of each class."""
    return [x.shape[-2] for x in observation.features.values()]


def rates(calls: Mapping[str, Callable[[], object]], seconds: float) -> dict[str, int]:
    """Calls per second of CPU time, in turn three times; the best counts."""
    best = dict.fromkeys(calls, 0.0)
    for name in 3 * tuple(calls):
        calls[name]()
        begin, number = time.process_time(), 0
        while (spent := time.process_time() - begin) < seconds:
            calls[name]()
            number += 1
        best[name] = max(best[name], number / spent)
    return {name: round(value) for name, value in best.items()}


def measure(case: Case, runs: Path, episodes: int, seconds: float) -> dict[str, Any]:
    """Row of one policy."""
    run: str | Path = case.run
    if case.changes is not None:
        run = runs / case.run
        if not run.exists():
            marl.train(case.run, out=run, **case.changes)
    file, began = runs / f"{case.run}.onnx", time.process_time()
    marl.export(run, file, case.largest)
    row: dict[str, Any] = {"policy": case.told, "cpu_seconds_to_export": round(time.process_time() - began, 1)}
    row["megabytes"], policy = round(file.stat().st_size / 1e6, 2), marl.load(run).eval()
    torch.set_num_threads(1)
    for composition in case.teams:
        environment = marl.make(run, **({} if composition is None else {"team": composition}))
        team = ExportedTeam(file)
        found, steps = difference(policy, environment, team, episodes)
        observation = environment.reset(1)
        in_torch = partial(policy.act, observation, policy.initial_memory(1, environment.roster.size))
        calls = {"pytorch": in_torch, "onnxruntime": partial(team, **seen_by(observation, team))}
        told = {"steps": steps, "largest_difference": found, "calls_per_cpu_second": rates(calls, seconds)}
        row.setdefault("teams", {})[composition or "own"] = told
        environment.close()
    return row


def row_of(policy: str, team: str, told: Mapping[str, Any]) -> tuple[str, ...]:
    """Row of the table."""
    rates = (f"{told['calls_per_cpu_second'][name]:,}" for name in ("pytorch", "onnxruntime"))
    return policy, team, f"{told['steps']:,}", f"{told['largest_difference']:.1e}", *rates


def main(
    only: tuple[str, ...] = (), episodes: int = 2, seconds: float = 2.0, runs: Path = RUNS, out: Path = RESULTS
) -> None:
    """Measure, write the rows and print them.

    Args:
        only: names of rows; all by default.
        episodes: whole episodes of each policy and team.
        seconds: length of each measurement.
        runs: folder of the trained policies.
        out: the JSON file.
    """
    warnings.simplefilter("ignore")
    runs.mkdir(parents=True, exist_ok=True)
    rows = measured(CASES, lambda name: measure(CASES[name], runs, episodes, seconds), only, out)
    titles = ("policy", "team", "steps", "largest difference", "PyTorch, calls/s", "onnxruntime, calls/s")
    teams = [(row["policy"], team, told) for row in rows.values() for team, told in row["teams"].items()]
    print(markdown(titles, [row_of(*each) for each in teams]))


if __name__ == "__main__":
    tyro.cli(main)
