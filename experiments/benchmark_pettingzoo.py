"""Env steps per second of CPU time with random actions: this package's copies beside the bare environment and others.

Usage: python experiments/benchmark_pettingzoo.py [--only NAME ...] [--copies 32] [--seconds 5] [--wall]

Each system steps alone, on one thread, one after the other and once more in the opposite order; the better of the two
counts. An env step is one step of one copy, in which all agents act. TorchRL's SerialEnv and SuperSuit's
concat_vec_envs are measured where they are installed and take the environment.

With several processes the CPU time is that of the longest way through a step: this process, and the busiest of the
others, which step at once. What the system takes to wake them is not in it; on an idle machine --wall has all.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro

from marl.core.files import save_json
from marl.core.reading import read_json
from marl.tasks.environment_config import environment_config, make_environment
from marl.tasks.pettingzoo.names import made
from marl.tasks.random_actions import random_actions

RESULTS = Path(__file__).parent / "results" / "benchmark_pettingzoo.json"
ENVIRONMENTS: Mapping[str, dict[str, Any]] = {
    "mpe2.simple_spread_v3": {},
    "butterfly/knights_archers_zombies-v11": {},
    "butterfly/pistonball-v6": {},
    "sisl/multiwalker-v9": {},
}
Stepper = Callable[[], int]
"""Steps once, and returns the env steps that it took."""


def bare(name: str, arguments: Mapping[str, Any], copies: int) -> Stepper:
    """The parallel environment itself, with actions of its spaces."""
    env = made(name, {**arguments, "render_mode": None})
    env.reset(seed=0)

    def step() -> int:
        env.step({agent: env.action_space(agent).sample() for agent in env.agents})
        if not env.agents:
            env.reset()
        return 1

    return step


def ours(name: str, arguments: Mapping[str, Any], copies: int, processes: int = 1) -> Stepper:
    """This package's copies, with random actions."""
    settings = {"name": name, "arguments": {**arguments, "render_mode": None}, "processes": processes}
    task, config = environment_config(settings, {})
    environment, generator = make_environment(task, config, copies, training=True), torch.Generator().manual_seed(0)
    seen = environment.reset(0)

    def step() -> int:
        nonlocal seen
        seen = environment.step(random_actions(seen, environment.roster, generator)).observation
        return copies

    return step


def supersuit_copies(name: str, arguments: Mapping[str, Any], copies: int) -> Stepper:
    """SuperSuit's copies in one process; agents that leave early need black_death."""
    import supersuit

    env = supersuit.black_death_v3(supersuit.pad_observations_v0(made(name, {**arguments, "render_mode": None})))
    vector = supersuit.concat_vec_envs_v1(supersuit.pettingzoo_env_to_vec_env_v1(env), copies, num_cpus=0)
    vector.reset(seed=0)

    def step() -> int:
        vector.step(np.stack([vector.action_space.sample() for _ in range(vector.num_envs)]))
        return copies

    return step


def torchrl_copies(name: str, arguments: Mapping[str, Any], copies: int) -> Stepper:
    """TorchRL's SerialEnv."""
    from torchrl.envs import PettingZooWrapper, SerialEnv, step_mdp

    vector = SerialEnv(copies, lambda: PettingZooWrapper(made(name, {**arguments, "render_mode": None})))
    seen = vector.reset()

    def step() -> int:
        nonlocal seen
        seen = step_mdp(vector.step(vector.rand_action(seen)))
        if bool(seen["done"].any()):
            seen = vector.reset()
        return copies

    return step


SYSTEMS = {
    "bare parallel_env": (bare, "pettingzoo"),
    "marl-teams": (ours, "marl"),
    "marl-teams, 2 processes": (partial(ours, processes=2), "marl"),
    "SuperSuit": (supersuit_copies, "supersuit"),
    "TorchRL SerialEnv": (torchrl_copies, "torchrl"),
}


def cpu_seconds() -> float:
    """CPU seconds of this process, and of the busiest that it has started."""
    others = (Path(f"/proc/{child.pid}/stat").read_text() for child in active_children())
    ticks = (sum(map(int, line.rpartition(")")[2].split()[11:13])) for line in others)
    return time.process_time() + max(ticks, default=0) / os.sysconf("SC_CLK_TCK")


def rate(step: Stepper, seconds: float, clock: Callable[[], float]) -> float:
    """Env steps per second."""
    for _ in range(3):
        step()
    begin, steps = clock(), 0
    while (spent := clock() - begin) < seconds:
        steps += step()
    return steps / spent


def measure(
    name: str, arguments: Mapping[str, Any], copies: int, seconds: float, clock: Callable[[], float]
) -> dict[str, float]:
    """Rate of each system that is installed and takes the environment."""
    steppers = {}
    for system, (make, module) in SYSTEMS.items():
        if find_spec(module) is None:
            print(f"{system} is left out: {module} is not installed")
            continue
        try:
            steppers[system] = make(name, arguments, copies)
            steppers[system]()
        except Exception as error:  # others refuse some environments
            steppers.pop(system, None)
            print(f"{system} does not take {name}: {type(error).__name__}: {str(error)[:100]}")
    rates = dict.fromkeys(steppers, 0.0)
    for system in (*steppers, *reversed(steppers)):
        rates[system] = max(rates[system], rate(steppers[system], seconds, clock))
    return {system: round(value, 1) for system, value in rates.items()}


def main(
    only: tuple[str, ...] = (), copies: int = 32, seconds: float = 5.0, wall: bool = False, out: Path = RESULTS
) -> None:
    """Measure, write the rates and print them.

    Args:
        only: parts of names; all by default.
        copies: copies that step together.
        seconds: length of each measurement.
        wall: count seconds of the clock on the wall, for an idle machine.
        out: the JSON file.
    """
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    rows: dict[str, Any] = read_json(out) if out.exists() else {}
    for name, arguments in ENVIRONMENTS.items():
        if not only or any(part in name for part in only):
            rates = measure(name, arguments, copies, seconds, time.perf_counter if wall else cpu_seconds)
            ratios = {system: round(value / rates["bare parallel_env"], 2) for system, value in rates.items()}
            unit = "per_second" if wall else "per_cpu_second"
            rows[name] = {"copies": copies, unit: rates, "times_bare": ratios}
            print(name, rows[name], flush=True)
    save_json(out, rows)


if __name__ == "__main__":
    tyro.cli(main)
