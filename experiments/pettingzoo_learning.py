"""Learning in PettingZoo environments beside Stable-Baselines3's PPO over SuperSuit, at equal env steps.

Usage: python experiments/pettingzoo_learning.py [--only NAME ...] [--seeds 21 22 23 24 25] [--runs DIR]

This package trains by the environment's name with its default settings; Stable-Baselines3 has the settings of
PettingZoo's tutorials (PPO, MlpPolicy, batch_size 256, eight copies, the rest its defaults). An env step is one step of
one copy, in which all agents act; Stable-Baselines3 counts each agent's, so its number is times the agents. Each budget
is a training of its own for this package, whose learning rate ends at 0; Stable-Baselines3's is constant, and one run
is evaluated at each budget. Both are evaluated with actions drawn. What was trained is kept: the same command goes on.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tyro

import marl
from marl.core.files import save_json
from marl.core.reading import read_json
from marl.core.seeding import episode_seed
from marl.maths.seed_statistics import interquartile_mean
from marl.tasks.pettingzoo.names import made, wrapped

RESULTS = Path(__file__).parent / "results" / "pettingzoo_learning.json"


@dataclass(frozen=True)
class Lesson:
    """One environment.

    Args:
        name: as ``env.name`` takes it.
        budgets: env steps after which both are evaluated.
        arguments: of the environment.
        episodes: episodes of an evaluation.
        wrappers: SuperSuit's, that Stable-Baselines3 needs beside those that make copies.
        changes: settings of this package that differ from its defaults.
    """

    name: str
    budgets: tuple[int, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    episodes: int = 200
    wrappers: tuple[Any, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)


LESSONS = {
    "simple_spread": Lesson("mpe2.simple_spread_v3", (25_000, 100_000, 300_000), {"max_cycles": 25}),
}
"""Rows by name."""


def ours(lesson: Lesson, folder: Path, seed: int) -> dict[str, Any]:
    """Returns of this package at each budget, and seconds of training."""
    told = {}
    for budget in lesson.budgets:
        run = folder / f"marl-{budget}-{seed}"
        settings = {"env": {"name": lesson.name, "arguments": dict(lesson.arguments)}, **lesson.changes}
        begin = time.process_time()
        marl.train(
            settings,
            out=run,
            resume=(run / "checkpoints").exists(),
            seed=seed,
            total_env_steps=budget,
            evaluation_interval=10 * budget,
        )
        seconds = time.process_time() - begin
        returns = marl.evaluate(run, lesson.episodes, seed=0)
        told[str(budget)] = {"return": returns["return_per_agent"]["mean"], "cpu_seconds": round(seconds, 1)}
    return told


def peers(lesson: Lesson, folder: Path, seed: int) -> dict[str, Any]:
    """The same of Stable-Baselines3."""
    import supersuit
    from stable_baselines3 import PPO
    from stable_baselines3.common.utils import set_random_seed

    set_random_seed(seed)  # not PPO's own argument, as SuperSuit's copies have no `seed`
    env = wrapped(made(lesson.name, lesson.arguments), lesson.wrappers)
    agents = len(env.possible_agents)
    vector = supersuit.pettingzoo_env_to_vec_env_v1(env)
    vector = supersuit.concat_vec_envs_v1(vector, 8, num_cpus=1, base_class="stable_baselines3")
    model = PPO("MlpPolicy", vector, batch_size=256, device="cpu")
    told, done, seconds = {}, 0, 0.0
    for budget in lesson.budgets:
        begin = time.process_time()
        model.learn(budget * agents - done, reset_num_timesteps=False)
        seconds += time.process_time() - begin
        done = model.num_timesteps
        told[str(budget)] = {"return": played(model, lesson), "cpu_seconds": round(seconds, 1)}
    return told


def played(model: Any, lesson: Lesson) -> float:
    """Mean return per agent over episodes, from the worlds that `marl.evaluate` plays."""
    env = wrapped(made(lesson.name, lesson.arguments), lesson.wrappers)
    returns = []
    for number in range(lesson.episodes):
        observations, _ = env.reset(seed=episode_seed(0, number))
        total = 0.0
        while env.agents:
            actions, _ = model.predict(np.stack([observations[agent] for agent in env.agents]), deterministic=False)
            observations, rewards, *_ = env.step(dict(zip(env.agents, actions, strict=True)))
            total += sum(rewards.values())
        returns.append(total / len(env.possible_agents))
    return float(np.mean(returns))


SYSTEMS = {"marl-teams": ours, "Stable-Baselines3": peers}


def measure(lesson: Lesson, folder: Path, seeds: Sequence[int]) -> dict[str, Any]:
    """Train and evaluate what is missing, and return the row of an environment."""
    row: dict[str, Any] = {"environment": lesson.name, "arguments": dict(lesson.arguments), "episodes": lesson.episodes}
    for system, learn in SYSTEMS.items():
        by_seed = {}
        for seed in seeds:
            path = folder / f"{system}-{seed}.json"
            if not path.exists():
                save_json(path, learn(lesson, folder, seed))
            by_seed[str(seed)] = read_json(path)
            print(system, seed, by_seed[str(seed)], flush=True)
        row[system] = by_seed
    return row


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Interquartile mean over seeds and each seed's return, in Markdown."""
    cells = [["environment", "env steps", "system", "return per agent", "seeds", "CPU seconds"], ["---"] * 6]
    for row in rows.values():
        for system in SYSTEMS:
            for budget in next(iter(row[system].values())):
                told = [each[budget] for each in row[system].values()]
                returns = np.array([each["return"] for each in told])
                cells.append(
                    [
                        f"`{row['environment']}`",
                        f"{int(budget):,}",
                        system,
                        f"{float(interquartile_mean(returns)):.2f}",
                        ", ".join(f"{value:.2f}" for value in returns),
                        f"{np.median([each['cpu_seconds'] for each in told]):.0f}",
                    ]
                )
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def main(
    only: tuple[str, ...] = (),
    seeds: tuple[int, ...] = (21, 22, 23, 24, 25),
    runs: Path = Path("runs/pettingzoo_learning"),
    out: Path = RESULTS,
) -> None:
    """Measure rows, write them and print the table.

    Args:
        only: names of rows; all by default.
        seeds: training seeds.
        runs: folder of the runs.
        out: the JSON file.
    """
    warnings.simplefilter("ignore")
    rows: dict[str, Any] = read_json(out) if out.exists() else {}
    for name in only or LESSONS:
        rows[name] = measure(LESSONS[name], runs / name, seeds)
        save_json(out, {each: rows[each] for each in LESSONS if each in rows})
    print(table(rows))


if __name__ == "__main__":
    tyro.cli(main)
