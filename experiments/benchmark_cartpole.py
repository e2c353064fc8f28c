"""CartPole-v1 beside Stable-Baselines3 and plain loops, in one run on one thread.

Usage: python experiments/benchmark_cartpole.py [--parts ppo dqn classic table] [--seeds 1 2 3] [--out FILE] ...

Protocol: each system is measured next to its reference, seed by seed, because the machine may be shared. Rates are
env steps per second (one step of one copy) of the whole training loop, learning and logging included. "Solved" is the
first env step at which the mean return of the last 100 training episodes is at least 475 (or the threshold of the
preset's score log, 195 for the table), and the seconds until then. "Greedy" is the mean return of 100 episodes with
the likeliest actions at the end. Stable-Baselines3 runs with the settings of RL Baselines3 Zoo
(https://github.com/DLR-RM/rl-baselines3-zoo, hyperparams/ppo.yml and dqn.yml).
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import gymnasium
import numpy as np
import torch
import tyro
from gymnasium.vector import SyncVectorEnv
from lesson_dqn import lesson_dqn
from rich.console import Console
from rich.table import Table

import marl
from marl.core.files import save_json
from marl.training import loop
from marl.training.callbacks import Callback, Callbacks
from marl.training.monitor import Monitor
from marl.training.progress import Progress
from marl.training.run import build_run
from marl.training.run_config import load_config

HERE = Path(__file__).parent
ENVIRONMENT = "CartPole-v1"
WINDOW, GOAL = 100, 475.0
Part = Literal["ppo", "dqn", "classic", "table"]
PRESETS: dict[Part, str] = {
    "ppo": "cartpole_ppo.yaml",
    "dqn": "cartpole_dqn.yaml",
    "classic": "cartpole_dqn_classic.yaml",
    "table": "cartpole_q_table.yaml",
}


@dataclass(frozen=True)
class Row:
    """One measurement.

    Args:
        part: part of the benchmark.
        system: name of the system that ran.
        seed: its seed.
        rate: env steps per second.
        solved_env_steps, solved_seconds: until the mean of 100 training episodes was high enough; None if it never was.
        greedy: mean return with the likeliest actions at the end; None if it was not measured.
        solved_runs: number of episodes before those 100.
    """

    part: str
    system: str
    seed: int
    rate: float
    solved_env_steps: int | None = None
    solved_seconds: float | None = None
    greedy: float | None = None
    solved_runs: int | None = None


def ours(part: Part, seed: int, **changes: Any) -> Row:
    """Train a preset of this package."""
    config = load_config(HERE / "presets" / PRESETS[part])
    quiet = {"threads": 1, "seed": seed, "evaluation_interval": 10**9, "evaluation_episodes": 1}
    config = config.model_copy(update={**quiet, **changes})
    solved: list[tuple[int, float]] = []
    passed = (0, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        run = build_run(config, Path(folder) / "run")

        class Times(Callback):
            def on_iteration(self, progress: Progress) -> None:
                nonlocal passed
                now = time.perf_counter() - began
                # The last iteration also evaluates and draws, so the rate ends with the one before.
                if progress.env_steps < config.total_env_steps:
                    passed = (progress.env_steps, now)
                if not solved and run.scores.solved is not None:
                    solved.append((run.scores.solved.env_steps, now))

        monitor = Monitor(run, Callbacks([Times()]))
        began = time.perf_counter()
        result = loop.train(run, monitor)
        episode = None if run.scores.solved is None else run.scores.solved.episode
        greedy = marl.evaluate(result.folder, episodes=100, deterministic=True)["return_per_agent"]["mean"]
    runs = None if episode is None else episode - config.score_log.window
    name, rate = f"this package, {PRESETS[part]}", passed[0] / passed[1]
    return Row(part, name, seed, rate, *(solved or [(None, None)])[0], greedy, runs)


def sb3_ppo(seed: int) -> Row:
    """Stable-Baselines3's PPO."""
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env

    model = PPO(
        "MlpPolicy",
        make_vec_env(ENVIRONMENT, n_envs=8, seed=seed),
        n_steps=32,
        batch_size=256,
        n_epochs=20,
        gae_lambda=0.8,
        gamma=0.98,
        ent_coef=0.0,
        learning_rate=lambda left: 0.001 * left,
        clip_range=lambda left: 0.2 * left,
        seed=seed,
        device="cpu",
    )
    return _sb3("ppo", "Stable-Baselines3 PPO", model, 100_000, seed)


def sb3_dqn(seed: int) -> Row:
    """Stable-Baselines3's DQN."""
    from stable_baselines3 import DQN
    from stable_baselines3.common.env_util import make_vec_env

    model = DQN(
        "MlpPolicy",
        make_vec_env(ENVIRONMENT, n_envs=1, seed=seed),
        learning_rate=2.3e-3,
        batch_size=64,
        buffer_size=100_000,
        learning_starts=1000,
        gamma=0.99,
        target_update_interval=10,
        train_freq=256,
        gradient_steps=128,
        exploration_fraction=0.16,
        exploration_final_eps=0.04,
        policy_kwargs={"net_arch": [256, 256]},
        seed=seed,
        device="cpu",
    )
    return _sb3("dqn", "Stable-Baselines3 DQN", model, 50_000, seed)


def _sb3(part: Part, name: str, model: Any, env_steps: int, seed: int) -> Row:
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.evaluation import evaluate_policy

    scores: deque[float] = deque(maxlen=WINDOW)
    solved: list[tuple[int, float]] = []
    began = time.perf_counter()

    def watch(local: dict[str, Any], _: dict[str, Any]) -> bool:
        scores.extend(info["episode"]["r"] for info in local["infos"] if "episode" in info)
        if not solved and len(scores) == WINDOW and statistics.fmean(scores) >= GOAL:
            solved.append((local["self"].num_timesteps, time.perf_counter() - began))
        return True

    model.learn(env_steps, callback=watch)
    rate = env_steps / (time.perf_counter() - began)
    greedy, _ = evaluate_policy(model, make_vec_env(ENVIRONMENT, n_envs=8, seed=10_000 + seed), n_eval_episodes=100)
    return Row(part, name, seed, rate, *(solved or [(None, None)])[0], float(greedy))


def one_at_a_time(seed: int, env_steps: int) -> Row:
    """DQN as first lessons write it, until it is solved by the rule of the preset beside it."""
    goal = load_config(HERE / "presets" / PRESETS["classic"]).score_log.threshold
    steps, seconds, runs = lesson_dqn(seed, env_steps, WINDOW, goal)
    solved = () if runs is None else (steps, seconds, None, runs)
    return Row("classic", "one sample at a time, batch 20", seed, steps / seconds, *solved)


def bare_stepping(seed: int, seconds: float = 4.0) -> Row:
    """Gymnasium's own copies in one process with random actions, without learning."""
    copies = load_config(HERE / "presets" / PRESETS["table"]).num_copies
    vector = SyncVectorEnv([lambda: gymnasium.make(ENVIRONMENT)] * copies)
    vector.reset(seed=seed)
    random = np.random.default_rng(seed)
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        vector.step(random.integers(0, 2, copies))
        done += copies
    rate = done / (time.perf_counter() - began)
    vector.close()
    return Row("table", f"bare SyncVectorEnv, {copies} copies, random actions", seed, rate)


REFERENCES: dict[Part, Callable[[int], Row]] = {
    "ppo": sb3_ppo,
    "dqn": sb3_dqn,
    "table": bare_stepping,
}


def measure(
    parts: Sequence[Part], seeds: Sequence[int], console: Console, references: Mapping[Part, Callable[[int], Row]]
) -> list[Row]:
    """Run every part for every seed: the reference, then this package."""
    rows = []
    for part in parts:
        if not (HERE / "presets" / PRESETS[part]).exists():
            console.print(f"{part}: skipped, there is no {PRESETS[part]}")
            continue
        for seed in seeds:
            for row in (references[part](seed), ours(part, seed)):
                console.print(_line(row), soft_wrap=True)
                rows.append(row)
    return rows


def _line(row: Row) -> str:
    solved = "" if row.solved_env_steps is None else f", solved at {row.solved_env_steps:,}, {row.solved_seconds:.1f} s"
    solved += "" if row.solved_runs is None else f", in {row.solved_runs} runs"
    greedy = "" if row.greedy is None else f", greedy {row.greedy:.1f}"
    return f"{row.system}, seed {row.seed}: {row.rate:,.0f} per second{solved}{greedy}"


def table_of(rows: Sequence[Row]) -> Table:
    """Table of one row for each system; ratios are medians over seeds, divided by those of the reference."""
    table = Table(title=f"{ENVIRONMENT}, medians over seeds, one thread", title_justify="left")
    for column in ("what", "seeds", "per second", "times", "env steps to solve", "times", "seconds", "times", "greedy"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for system in dict.fromkeys(row.system for row in rows):
        mine = [row for row in rows if row.system == system]
        # The reference of a part is measured first, so its rows lead.
        theirs = [row for row in rows if row.part == mine[0].part]
        reference = [row for row in theirs if row.system == theirs[0].system]
        cells: list[str] = []
        for name in ("rate", "solved_env_steps", "solved_seconds"):
            cells += _compared([getattr(row, name) for row in mine], [getattr(row, name) for row in reference])
        returns = Counter(f"{row.greedy:.0f}" for row in mine if row.greedy is not None)
        greedy = ", ".join(f"{value} x{count}" for value, count in returns.most_common())
        table.add_row(system, str(len(mine)), *cells, greedy)
    return table


def _compared(mine: Sequence[float | None], reference: Sequence[float | None]) -> list[str]:
    """A median, and its ratio to that of the reference; None (never) counts as larger than any number."""
    if not any(value is not None for value in mine):
        return ["", ""]
    own, other = (statistics.median(np.inf if x is None else x for x in values) for values in (mine, reference))
    digits = ",.0f" if own >= 100 else ".1f"
    return [f"{own:{digits}}", "" if not np.isfinite([own, other]).all() else f"{own / other:.2f}"]


def main(
    parts: tuple[Part, ...] = tuple(PRESETS),
    seeds: tuple[int, ...] = (1, 2, 3),
    loop_env_steps: int = 500,
    out: Path = HERE / "results" / "benchmark_cartpole.json",
) -> None:
    """Measure everything, print a table and write the rows.

    Args:
        parts: parts to measure.
        seeds: seeds of each system.
        loop_env_steps: env steps of the loop that fits one sample at a time; 50,000 take it ten minutes.
        out: file for the rows.
    """
    torch.set_num_threads(1)
    console = Console(highlight=False)
    if {"ppo", "dqn"} & set(parts) and find_spec("stable_baselines3") is None:
        sys.exit("Stable-Baselines3 is missing: pip install -c constraints.txt -e '.[bench]', or --parts classic table")
    references = {**REFERENCES, "classic": partial(one_at_a_time, env_steps=loop_env_steps)}
    rows = measure(parts, seeds, console, references)
    console.print(table_of(rows))
    out.parent.mkdir(parents=True, exist_ok=True)
    save_json(out, {"rows": [asdict(row) for row in rows]})


if __name__ == "__main__":
    tyro.cli(main)
