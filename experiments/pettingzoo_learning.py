"""Learning in PettingZoo environments beside Stable-Baselines3's PPO over SuperSuit, at equal env steps.

Usage: python experiments/pettingzoo_learning.py [--only NAME ...] [--seeds 21 22 23 24 25] [--runs DIR]

This package trains by the environment's name with its default settings, or a preset; Stable-Baselines3 has the settings
of PettingZoo's tutorials (PPO, MlpPolicy, batch_size 256, eight copies, the rest its defaults, or those of the tutorial
of the environment). An env step is one step of one copy, in which all agents act; Stable-Baselines3 counts each
agent's, so its number is times the agents. Each budget is a training of its own for this package, whose learning rate
ends at 0; Stable-Baselines3's is constant, and one run is evaluated at each budget. Both are evaluated with actions
drawn, but in multiwalker with the likeliest. Each training has a process of its own, whose peak memory until its end is
told. What was trained is kept: the same command goes on.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from numpy.typing import NDArray
from rows import kept, markdown, measured

import marl
from marl.cli.tables import estimate_text
from marl.core.seeding import episode_seed
from marl.maths.intervals import Estimate
from marl.maths.seed_statistics import difference, score
from marl.tasks.pettingzoo.names import made, wrapped
from marl.training.presets import settings_of

RESULTS = Path(__file__).parent / "results" / "pettingzoo_learning.json"


@dataclass(frozen=True)
class Lesson:
    """One environment.

    Args:
        name: as ``env.name`` takes it.
        budgets: env steps after which both are evaluated.
        arguments: of the environment.
        episodes: episodes of an evaluation.
        wrappers: SuperSuit's, of both.
        peer_wrappers: those that Stable-Baselines3 alone needs, beside those that make copies.
        settings: of this package, those of the environment aside; the rest suit the environment by default.
        peer: policy and copies of Stable-Baselines3, and arguments of its PPO.
        deterministic: evaluate with the likeliest actions.
        place: place of what is to be moved, whose displacement is told beside the return.
        needs: module without which the row is left out.
    """

    name: str
    budgets: tuple[int, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    episodes: int = 200
    wrappers: tuple[Any, ...] = ()
    peer_wrappers: tuple[Any, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    peer: Mapping[str, Any] = field(default_factory=dict)
    deterministic: bool = False
    place: Callable[[Any], float] | None = None
    needs: str = "pettingzoo"


def package(env: Any) -> float:
    """Place of multiwalker's package."""
    return float(env.unwrapped.env.package.position[0])


SMALL = (
    {"supersuit.color_reduction_v0": {"mode": "B"}},
    {"supersuit.resize_v1": {"x_size": 84, "y_size": 84}},
    {"supersuit.frame_stack_v1": {"stack_size": 3}},
)
PISTONBALL_PEER = {
    "policy": "CnnPolicy",
    "copies": 4,
    "gamma": 0.95,
    "n_steps": 256,
    "ent_coef": 0.0905168,
    "learning_rate": 0.00062211,
    "vf_coef": 0.042202,
    "max_grad_norm": 0.9,
    "gae_lambda": 0.99,
    "n_epochs": 5,
    "clip_range": 0.3,
}
MULTIWALKER_PEER = {
    "batch_size": 1024,
    "n_steps": 2048,
    "learning_rate": 0.0003,
    "gamma": 0.999,
    "ent_coef": 0.001,
    "policy_kwargs": {"net_arch": [256, 256]},
}
LESSONS = {
    "simple_spread": Lesson("mpe2.simple_spread_v3", (25_000, 100_000, 300_000), {"max_cycles": 25}, needs="mpe2"),
    "knights_archers_zombies": Lesson(
        "butterfly/knights_archers_zombies-v11",
        (500_000,),
        {"max_cycles": 100, "max_zombies": 4},
        settings=settings_of("knights_archers_zombies_ppo"),
        peer_wrappers=("supersuit.black_death_v3",),
    ),
    "pistonball": Lesson(
        "butterfly/pistonball-v6",
        (4096,),
        {"max_cycles": 25},
        100,
        SMALL,
        settings={"algorithm": {"name": "ppo", "gamma": 0.95, "epochs": 5, "minibatches": 20}},  # batches of 256
        peer=PISTONBALL_PEER,
        needs="pymunk",
    ),
    "multiwalker": Lesson(
        "sisl/multiwalker-v9",
        (1_000_000,),
        {"max_cycles": 500},
        50,
        settings=settings_of("multiwalker_ppo"),
        peer=MULTIWALKER_PEER,
        deterministic=True,
        place=package,
        needs="Box2D",
    ),
}
"""Rows by name."""


def ours(lesson: Lesson, folder: Path, seed: int) -> dict[str, Any]:
    """Returns of this package after each budget, and what its training cost."""
    told = {}
    for budget in lesson.budgets:
        run = folder / f"marl-{budget}-{seed}"
        begin = time.process_time()
        marl.train(
            run_settings(lesson),
            out=run,
            resume=(run / "checkpoints").exists(),
            seed=seed,
            total_env_steps=budget,
            evaluation_interval=10 * budget,
        )
        cost = costs(time.process_time() - begin)
        returns = marl.evaluate(run, lesson.episodes, seed=0, deterministic=lesson.deterministic)
        told[str(budget)] = {"return": returns["return_per_agent"]["mean"], **cost}
        if lesson.place is not None:
            told[str(budget)] |= played(partial(actions_of, marl.load(run), lesson), lesson)
    return told


def peers(lesson: Lesson, folder: Path, seed: int) -> dict[str, Any]:
    """The same of Stable-Baselines3."""
    import supersuit
    from stable_baselines3 import PPO
    from stable_baselines3.common.utils import set_random_seed

    settings = {"policy": "MlpPolicy", "copies": 8, "batch_size": 256, **lesson.peer}
    set_random_seed(seed)  # not PPO's own argument, as SuperSuit's copies have no `seed`
    env = worlds(lesson)
    agents = len(env.possible_agents)
    vector = supersuit.pettingzoo_env_to_vec_env_v1(env)
    vector = supersuit.concat_vec_envs_v1(vector, settings.pop("copies"), 1, base_class="stable_baselines3")
    model = PPO(env=vector, device="cpu", **settings)
    told, done, seconds = {}, 0, 0.0
    for budget in lesson.budgets:
        begin = time.process_time()
        model.learn(budget * agents - done, reset_num_timesteps=False)
        seconds += time.process_time() - begin
        done, cost = model.num_timesteps, costs(seconds)
        told[str(budget)] = {**played(partial(peer_actions, model, lesson), lesson), **cost}
    return told


def actions_of(policy: Any, lesson: Lesson, observations: Mapping[str, Any]) -> dict[str, Any]:
    """Actions of a policy of this package, by agent."""
    return dict(policy.predict(observations, deterministic=lesson.deterministic)[0])


def peer_actions(model: Any, lesson: Lesson, observations: Mapping[str, Any]) -> dict[str, Any]:
    """Actions of Stable-Baselines3's model, by agent."""
    actions, _ = model.predict(np.stack(list(observations.values())), deterministic=lesson.deterministic)
    return dict(zip(observations, actions, strict=True))


def costs(seconds: float) -> dict[str, float]:
    """CPU seconds, and the most memory that this process has had."""
    status = Path("/proc/self/status").read_text(encoding="ascii")  # getrusage begins with what the parent had
    peak = int(status.partition("VmHWM:")[2].split()[0]) // 1024
    return {"cpu_seconds": round(seconds, 1), "peak_mb": peak}


def run_settings(lesson: Lesson) -> dict[str, Any]:
    """Settings of this package."""
    env = {"name": lesson.name, "arguments": dict(lesson.arguments), "wrappers": list(lesson.wrappers)}
    return {**lesson.settings, "env": {**lesson.settings.get("env", {}), **env}}


def worlds(lesson: Lesson) -> Any:
    """The environment as Stable-Baselines3 has it."""
    return wrapped(made(lesson.name, lesson.arguments), (*lesson.wrappers, *lesson.peer_wrappers))


def played(act: Callable[[Mapping[str, Any]], Mapping[str, Any]], lesson: Lesson) -> dict[str, float]:
    """Mean return per agent over the episodes that `marl.evaluate` plays, and the displacement where a row tells it."""
    env, place = worlds(lesson), lesson.place or (lambda env: 0.0)
    returns, displacements = [], []
    for number in range(lesson.episodes):
        observations, _ = env.reset(seed=episode_seed(0, number))
        total, begin = 0.0, place(env)
        while env.agents:
            observations, rewards, *_ = env.step(act(observations))
            total += sum(rewards.values())
        returns.append(total / len(env.possible_agents))
        displacements.append(place(env) - begin)
    moved = {} if lesson.place is None else {"displacement": float(np.mean(displacements))}
    return {"return": float(np.mean(returns)), **moved}


def random_return(lesson: Lesson) -> float:
    """Mean return per agent of random actions in the same worlds."""
    returns = marl.evaluate(None, lesson.episodes, policy="random", settings=run_settings(lesson)["env"])
    return float(returns["return_per_agent"]["mean"])


SYSTEMS = {"marl-teams": ours, "Stable-Baselines3": peers}


def measure(lesson: Lesson, folder: Path, seeds: Sequence[int]) -> dict[str, Any]:
    """Train and evaluate what is missing, and return the row of an environment."""
    row: dict[str, Any] = {"environment": lesson.name, "arguments": dict(lesson.arguments), "episodes": lesson.episodes}
    row["random"] = kept(folder / "random.json", partial(random_return, lesson))
    for system, learn in SYSTEMS.items():
        row[system] = {}
        for seed in seeds:
            told = kept(folder / f"{system}-{seed}.json", partial(alone, learn, lesson, folder, seed))
            row[system][str(seed)] = told
            print(system, seed, told, flush=True)
    return row


def alone(learn: Callable[..., dict[str, Any]], *given: Any) -> dict[str, Any]:
    """Result of a function in a process of its own, whose memory nobody else has filled."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(learn, *given).result()


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Interquartile mean over seeds, with its interval, and each seed's return, in Markdown.

    What a system has more than the last one is told beside it; columns that nothing fills are left out.
    """
    cells, peer = [], tuple(SYSTEMS)[-1]

    def text(estimate: Estimate | None) -> str:
        return estimate_text(estimate, ".2f", unknown="").replace("\n", " ")

    for row in rows.values():
        for system in SYSTEMS:
            for budget in next(iter(row[system].values())):
                told = [each[budget] for each in row[system].values()]
                returns = of_seeds(row[system], budget)
                more = difference(returns, of_seeds(row[peer], budget)) if system != peer else None
                cell = {
                    "environment": f"`{row['environment']}`",
                    "env steps": f"{int(budget):,}",
                    "system": system,
                    "return per agent": text(score(returns[:, None])),
                    f"more than {peer}": text(more),
                    "seeds": ", ".join(f"{value:.2f}" for value in returns),
                    "displacement": ", ".join(f"{each['displacement']:.2f}" for each in told if "displacement" in each),
                    "random": f"{row['random']:.2f}" if "random" in row else "",
                    "CPU seconds": f"{np.median([each['cpu_seconds'] for each in told]):.0f}",
                    "peak MB": f"{max(each['peak_mb'] for each in told):,}" if "peak_mb" in told[0] else "",
                }
                cells.append(cell)
    filled = [title for title in cells[0] if any(cell[title] for cell in cells)]
    return markdown(filled, [[cell[title] for title in filled] for cell in cells])


def of_seeds(told: Mapping[str, Mapping[str, Any]], budget: str) -> NDArray[np.float64]:
    """Returns of the seeds of a system after a budget."""
    return np.array([each[budget]["return"] for each in told.values()], np.float64)


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
    rows = measured(LESSONS, lambda name: measure(LESSONS[name], runs / name, seeds), only, out)
    print(table(rows))


if __name__ == "__main__":
    tyro.cli(main)
