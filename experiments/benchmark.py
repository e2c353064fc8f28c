"""Speed of stepping and of training on simple_tag, beside mpe2 and SuperSuit, in one run on one thread.

Usage: python experiments/benchmark.py [--out FILE]

Protocol: four predators, one prey, two obstacles, episodes of 100 steps, discrete actions, no
shaping, random prey. Rates are env steps per second (one step of one copy). Every rate is divided by
that of mpe2's ``parallel_env``, which is measured again just before because the machine may be shared.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import supersuit
import torch
import tyro
from mpe2 import simple_tag_v3
from rich.console import Console
from rich.table import Table

import marl
from marl.core.environment import Environment
from marl.envs.simple_tag.config import SimpleTagConfig
from marl.envs.simple_tag.task import SimpleTagTask
from marl.policies.scripted import Scripted, random_actor
from marl.training import loop
from marl.training.callbacks import Callback, Callbacks
from marl.training.monitor import Monitor
from marl.training.progress import Progress
from marl.training.run import build_run
from marl.training.run_config import load_config

HERE = Path(__file__).parent
CONTACT_GOAL = 30.0


@dataclass(frozen=True)
class Row:
    """One measurement."""

    name: str
    rate: float
    mpe2_rate: float
    note: str = ""

    @property
    def ratio(self) -> float:
        """Rate divided by that of mpe2, measured just before."""
        return self.rate / self.mpe2_rate


def mpe2_rate(seconds: float = 4.0) -> float:
    """Env steps per second of mpe2's own ``parallel_env`` with random actions."""
    env = simple_tag_v3.parallel_env(num_adversaries=4, num_good=1, num_obstacles=2, max_cycles=100)
    env.reset(seed=0)
    random = np.random.default_rng(0)

    def step() -> int:
        env.step({agent: int(random.integers(5)) for agent in env.agents})
        if not env.agents:
            env.reset()
        return 1

    return rate_of(step, seconds)


def supersuit_rate(copies: int = 8, seconds: float = 4.0) -> float:
    """Env steps per second of mpe2 through SuperSuit's padding and vectorisation, in one process."""
    env = supersuit.pad_observations_v0(
        simple_tag_v3.parallel_env(num_adversaries=4, num_good=1, num_obstacles=2, max_cycles=100)
    )
    vector = supersuit.concat_vec_envs_v1(supersuit.pettingzoo_env_to_vec_env_v1(env), copies, num_cpus=0)
    vector.reset(seed=0)
    random = np.random.default_rng(0)

    def step() -> int:
        vector.step(random.integers(0, 5, vector.num_envs))
        return copies

    return rate_of(step, seconds)


def environment_rate(environment: Environment, seconds: float = 4.0) -> float:
    """Env steps per second of an environment of this package with random actions, class views and graph included."""
    observation = environment.reset(0)
    player, generator = Scripted(random_actor(environment.roster)), torch.Generator().manual_seed(0)

    def step() -> int:
        nonlocal observation
        observation = environment.step(player.act(observation, None, generator).action).observation
        return environment.num_copies

    return rate_of(step, seconds)


def playing_rate(team: str, copies: int) -> tuple[float, str]:
    """Env steps per second of the package's team in any size, choosing actions and moving."""
    environment, policy = marl.make("predator_team", copies, team=team), marl.load("predator_team")
    observation, generator = environment.reset(0), torch.Generator().manual_seed(0)
    memory = policy.initial_memory(copies, environment.roster.size)

    def step() -> int:
        nonlocal observation, memory
        act = policy.act(observation, memory, generator)
        moved = environment.step(act.action)
        observation = moved.observation
        memory = None if act.memory is None else act.memory.reset(moved.ended)
        return copies

    return rate_of(step, 8.0), ""


def evaluation_rate(episodes: int = 10_000) -> tuple[float, str]:
    """Env steps per second of an evaluation of the package's team, statistics included."""
    began = time.perf_counter()
    marl.evaluate("predator_team", episodes=episodes)
    seconds = time.perf_counter() - began
    return episodes * 100 / seconds, f"{seconds:.0f} s"


def rate_of(step: Callable[[], int], seconds: float) -> float:
    """Call ``step`` for some seconds after a warm-up; return the sum of its results per second."""
    for _ in range(5):
        step()
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        done += step()
    return done / (time.perf_counter() - began)


def training_rate(preset: str, **changes: Any) -> tuple[float, str]:
    """Env steps per second of a whole training, collecting, updating and logging included.

    Returns:
        The rate; and a note: the time at which training episodes first had 30 contacts on average, and the contacts of
        500 episodes at the end, with messages and, where there are any, without.
    """
    config = load_config(HERE / "presets" / preset)
    config = config.model_copy(update={"threads": 1, "evaluation_interval": 10**9, "evaluation_episodes": 1, **changes})
    reached: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        run = build_run(config, Path(folder) / "run")

        class Goal(Callback):
            def on_iteration(self, progress: Progress) -> None:
                returns = [value for name, value in progress.metrics.items() if name.startswith("return/")]
                if not reached and returns and returns[0] / 10 >= CONTACT_GOAL:
                    told = f"{progress.env_steps:,} env steps, {time.perf_counter() - began:.1f} s; "
                    reached.append(f"{CONTACT_GOAL:.0f} contacts after {told}")

        monitor = Monitor(run, Callbacks([Goal()]))
        began = time.perf_counter()
        result = loop.train(run, monitor)
        rate = result.env_steps / (time.perf_counter() - began)
        if changes:
            return rate, ""
        note = "".join(reached) + f"at the end {contacts(result.folder, True)}"
        if result.policy.has_messages:
            note += f", messages off {contacts(result.folder, False)}"
    return rate, note


def contacts(run: Path, messages: bool) -> str:
    """Mean contacts per episode of a trained team and its 95 % interval, as text."""
    estimate = marl.evaluate(run, episodes=500, messages=messages)["contacts_per_episode"]
    return f"{estimate['mean']:.1f} [{estimate['ci95'][0]:.1f}, {estimate['ci95'][1]:.1f}]"


def training_memory(preset: str, env_steps: int) -> float:
    """Largest resident memory of ``marl train`` in a process of its own, in GB."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "marl", "train", str(HERE / "presets" / preset), "--out", f"{folder}/run"]
        subprocess.run(
            [*command, "--total-env-steps", str(env_steps)], check=True, stdout=subprocess.DEVNULL, env={**os.environ}
        )
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e9


def measure(console: Console) -> list[Row]:
    """Run every measurement, each beside one of mpe2."""
    task, team = SimpleTagTask(), {"A": 2, "B": 2}
    rows: list[Row] = []

    def add(name: str, rate_and_note: Callable[[], tuple[float, str]]) -> None:
        reference = mpe2_rate(2.0)
        rate, note = rate_and_note()
        rows.append(Row(name, rate, reference, note))
        console.print(f"{name}: {rate:,.0f} per second, {rows[-1].ratio:.2f} times mpe2  {note}", soft_wrap=True)

    add("mpe2 parallel_env, 1 copy", lambda: (mpe2_rate(), ""))
    add("SuperSuit pad and vectorise, 8 copies", lambda: (supersuit_rate(), ""))
    for copies in (1, 64, 1024):
        made = task.make(SimpleTagConfig(team=team), copies, training=True)
        name = f"batched simple_tag, views and graph, {copies:,} copies"
        add(name, partial(_stepping, made))
    wrapped = task.make(SimpleTagConfig(team=team, backend="pettingzoo"), 8, training=True)
    add("mpe2 with wrappers, 8 copies", partial(_stepping, wrapped))
    for preset in ("full_view.yaml", "predator_teams.yaml"):
        add(f"training {preset}", partial(training_rate, preset))
    through_mpe2 = load_config(HERE / "presets" / "predator_teams.yaml").env.model_copy(
        update={"backend": "pettingzoo"}
    )
    few = {"env": through_mpe2, "num_copies": 32, "total_env_steps": 16_384}
    add("training predator_teams.yaml through mpe2, 32 copies", partial(training_rate, "predator_teams.yaml", **few))
    for copies in (64, 128, 512):
        for playing in ("A=2,B=2", "A=16,B=16"):
            add(f"playing {playing}, {copies} copies", partial(playing_rate, playing, copies))
        console.print(f"a step of 16 + 16 takes {rows[-2].rate / rows[-1].rate:.1f} times as long as one of 2 + 2")
    add("evaluating 10,000 episodes of A=2,B=2", evaluation_rate)
    return rows


def _stepping(environment: Environment) -> tuple[float, str]:
    return environment_rate(environment), ""


def main(out: Path | None = None) -> None:
    """Measure everything and print a table.

    Args:
        out: file for the rows; none by default.
    """
    torch.set_num_threads(1)
    console = Console(highlight=False)
    rows = measure(console)
    memory = training_memory("predator_teams.yaml", 100_000)
    table = Table(title="env steps per second on one thread", title_justify="left")
    for column, justify in (("what", "left"), ("per second", "right"), ("times mpe2", "right"), ("", "left")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(row.name, f"{row.rate:,.0f}", f"{row.ratio:.2f}", row.note)
    console.print(table)
    console.print(f"largest memory of marl train predator_teams: {memory:.2f} GB")
    if out is not None:
        content = {"rows": [{**vars(row), "ratio": row.ratio} for row in rows], "training_memory_gb": memory}
        out.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    tyro.cli(main)
