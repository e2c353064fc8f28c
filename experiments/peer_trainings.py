"""One training of simple_tag by this package or another library, and its learning curve.

Usage: python experiments/peer_trainings.py SYSTEM SEED CURVE.json [--seconds 400] [--jaxmarl FOLDER]

Protocol of all: four predators, one prey that moves at random, two obstacles, episodes of 100 steps, five discrete
actions, no shaping. A point of the curve is the mean of the contacts in the training episodes that ended since the one
before, actions drawn; beside it stand the env steps, and the CPU seconds of the process, imports and compilation
included. Training stops after as many CPU seconds, or where its budget ends. It runs in any Python that has the library
and this package; JaxMARL's algorithms are read from a clone of https://github.com/FLAIROx/JaxMARL.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

AGENTS, EPISODE, REWARD = 4, 100, 10.0
TAG = {"num_good": 1, "num_adversaries": AGENTS, "num_obstacles": 2, "max_cycles": EPISODE}
EPISODES = 20
"""Episodes to a point of the curve, where episodes end one by one."""


class EnoughError(BaseException):
    """The CPU seconds are over. No library takes it for an error of its own."""


class Curve:
    """Learning curve of this process.

    Args:
        path: JSON file, written at the end.
        seconds: of CPU time, after which `add` raises `EnoughError`.
    """

    def __init__(self, path: Path, seconds: float) -> None:
        self.path, self.seconds = path, seconds
        self.points: list[tuple[int, float, float]] = []
        self._ended: list[float] = []
        self._env_steps = 0

    def add(self, env_steps: int, contacts: float) -> None:
        """Add a point: env steps so far, and mean contacts of episodes that ended since the last."""
        spent = time.process_time()
        self.points.append((int(env_steps), round(spent, 2), round(float(contacts), 3)))
        if spent > self.seconds:
            raise EnoughError

    def episode(self, contacts: float, steps: int) -> None:
        """Count an episode of one copy; every `EPISODES` are a point."""
        self._ended.append(contacts)
        self._env_steps += steps
        if len(self._ended) == EPISODES:
            self.add(self._env_steps, float(np.mean(self._ended)))
            self._ended.clear()

    def save(self) -> None:
        """Write the points, whole or not at all."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        whole = self.path.with_suffix(".part")
        whole.write_text(json.dumps({"env_steps, CPU seconds, contacts": self.points}))
        os.replace(whole, self.path)


NAME = "peer_trainings"
CURVE: Curve
"""The curve of this process."""


def counted_tag() -> Any:
    """mpe2's simple_tag with a prey that moves at random; each episode of the predators is counted in `CURVE`."""
    from mpe2 import simple_tag_v3
    from pettingzoo.utils.wrappers import BaseParallelWrapper

    from marl.wrappers import ScriptedPrey

    class Counted(BaseParallelWrapper[Any, Any, Any]):
        def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
            self.total, self.steps = 0.0, 0
            return self.env.reset(seed=seed, options=options)

        def step(self, actions: dict[str, Any]) -> Any:
            told = self.env.step(actions)
            self.total += next(iter(told[1].values())) / REWARD  # each predator gets the team's
            self.steps += 1
            if not self.env.agents:
                sys.modules[NAME].CURVE.episode(self.total, self.steps)  # a pickled copy has no other way to this one
            return told

    return Counted(ScriptedPrey(simple_tag_v3.parallel_env(**TAG), "random"))


def train_preset(name: str, seed: int, folder: Path) -> None:
    """Train a preset of this package."""
    import marl

    class Watch(marl.Callback):
        def on_metrics(self, env_steps: int, metrics: Mapping[str, float]) -> bool | None:
            # the mean over classes of the agents' returns, each of which is the team's
            returns = [value for key, value in metrics.items() if key.startswith("return/")]
            try:
                if returns:
                    CURVE.add(env_steps, float(np.mean(returns)) / REWARD)
            except EnoughError:
                return False
            return None

    marl.train(name, out=folder / f"{name}-{seed}", seed=seed, callbacks=[Watch()], log_interval=2)


def train_sb3(seed: int, folder: Path) -> None:
    """Train Stable-Baselines3's PPO with the settings of PettingZoo's tutorials."""
    import supersuit
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.utils import set_random_seed

    torch.set_num_threads(1)
    set_random_seed(seed)
    agents = supersuit.pettingzoo_env_to_vec_env_v1(counted_tag())
    agents = supersuit.concat_vec_envs_v1(agents, 8, num_cpus=0, base_class="stable_baselines3")
    PPO("MlpPolicy", agents, batch_size=256, device="cpu").learn(10**9)


def train_benchmarl(gnn: bool, seed: int, folder: Path) -> None:
    """Train BenchMARL's MAPPO with its own settings, the policy a plain network or its graph network."""
    import torch
    from benchmarl.algorithms import MappoConfig
    from benchmarl.environments.pettingzoo.common import PettingZooClass
    from benchmarl.experiment import Experiment, ExperimentConfig
    from benchmarl.models import GnnConfig, MlpConfig
    from torchrl.envs import MarlGroupMapType, PettingZooWrapper

    def made(task: Any, num_envs: int, continuous_actions: bool, seed: int | None, device: Any) -> Any:
        groups = MarlGroupMapType.ALL_IN_ONE_GROUP
        shape = {"categorical_actions": True, "return_state": True, "group_map": groups}
        return lambda: PettingZooWrapper(counted_tag(), seed=seed, device=device, **shape)

    PettingZooClass.get_env_fun = made  # its own makes PettingZoo's simple_tag, of which PettingZoo has none any more
    torch.set_num_threads(1)
    experiment = ExperimentConfig.get_from_yaml()
    experiment.loggers, experiment.create_json, experiment.save_folder = [], False, str(folder)
    experiment.evaluation, experiment.render = False, False
    experiment.prefer_continuous_actions = False
    model = GnnConfig.get_from_yaml() if gnn else MlpConfig.get_from_yaml()
    Experiment(
        task=PettingZooClass("SIMPLE_TAG", config=dict(TAG)),
        algorithm_config=MappoConfig.get_from_yaml(),
        model_config=model,
        critic_model_config=MlpConfig.get_from_yaml(),
        seed=seed,
        config=experiment,
    ).run()


def random_prey(jax: ModuleType, make: Callable[..., Any]) -> Callable[..., Any]:
    """JaxMARL's ``make``, with predators as the only agents and a prey that moves at random."""
    from jaxmarl.environments.spaces import Box
    from jaxmarl.wrappers.baselines import JaxMARLWrapper

    class Predators(JaxMARLWrapper):  # type: ignore[misc]
        def __init__(self, env: Any) -> None:
            super().__init__(env)
            self.agents, self.num_agents = env.adversaries, len(env.adversaries)

        def _own(self, told: Mapping[str, Any]) -> dict[str, Any]:
            return {name: value for name, value in told.items() if not name.startswith("agent_")}

        def observation_space(self, agent: str) -> Any:
            # own velocity and place, two obstacles, the others, and the prey's velocity; it declares those of three
            return Box(-np.inf, np.inf, (2 + 2 + 4 + 2 * AGENTS + 2,))

        @partial(jax.jit, static_argnums=0)
        def reset(self, key: Any) -> Any:
            seen, state = self._env.reset(key)
            return self._own(seen), state

        @partial(jax.jit, static_argnums=0)
        def step(self, key: Any, state: Any, actions: dict[str, Any]) -> Any:
            drawn, key = jax.random.split(key)
            prey = jax.random.randint(drawn, (), 0, 5)
            one = {name: action.squeeze() for name, action in actions.items()}
            seen, state, reward, done, _ = self._env.step(key, state, {**one, "agent_0": prey})
            return self._own(seen), state, self._own(reward), self._own(done), {}

    return lambda name, **options: Predators(make(name, **options))


def train_jaxmarl(script: str, settings: str, seed: int, folder: Path, clone: Path) -> None:
    """Train an algorithm of JaxMARL with its own settings."""
    import importlib.util

    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    import jax
    import jaxmarl
    from omegaconf import OmegaConf

    config: Any = OmegaConf.to_container(OmegaConf.load(clone / "baselines" / settings))
    config |= {"ENV_NAME": "MPE_simple_tag_v3", "ENV_KWARGS": {"num_adversaries": AGENTS, "max_steps": EPISODE}}
    steps, updates = config["NUM_ENVS"] * config["NUM_STEPS"], 0

    def log(metrics: Mapping[str, Any]) -> None:
        nonlocal updates
        updates += 1
        if updates % max(1, 16_384 // steps) == 0:
            # of the latest episode of each copy, times the agents, each of whom gets the team's
            name = "returns" if "returns" in metrics else "returned_episode_returns"
            try:
                CURVE.add(updates * steps, float(np.mean(metrics[name])) / AGENTS / REWARD)
            except EnoughError:
                CURVE.save()
                os._exit(0)  # a compiled loop cannot be left otherwise

    # what it logs is caught; its command line is not used
    watch = ModuleType("wandb")
    watch.log = log  # type: ignore[attr-defined]
    sys.modules["wandb"] = watch
    command_line = ModuleType("hydra")
    command_line.main = lambda **_: lambda f: f  # type: ignore[attr-defined]
    sys.modules["hydra"] = command_line
    jaxmarl.make = random_prey(jax, jaxmarl.make)
    spec = importlib.util.spec_from_file_location("baseline", clone / "baselines" / script)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    jax.block_until_ready(jax.jit(module.make_train(config))(jax.random.PRNGKey(seed)))


def trainings(clone: Path) -> dict[str, Callable[[int, Path], None]]:
    """The trainings by their names; each takes a seed and a folder for what it writes."""
    ippo, mappo = ("IPPO/ippo_ff_mpe.py", "IPPO/config/ippo_ff_mpe.yaml"), "MAPPO/config/mappo_homogenous_rnn_mpe.yaml"
    return {
        "full_view": partial(train_preset, "full_view"),
        "predator_teams_quick": partial(train_preset, "predator_teams_quick"),
        "sb3_ppo": train_sb3,
        "benchmarl_mappo": partial(train_benchmarl, False),
        "benchmarl_mappo_gnn": partial(train_benchmarl, True),
        "jaxmarl_ippo": partial(train_jaxmarl, *ippo, clone=clone),
        "jaxmarl_mappo": partial(train_jaxmarl, "MAPPO/mappo_rnn_mpe.py", mappo, clone=clone),
    }


def main() -> None:
    """Train as the command line says, and write the curve."""
    global CURVE
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system", choices=trainings(Path()))
    parser.add_argument("seed", type=int)
    parser.add_argument("curve", type=Path)
    parser.add_argument("--seconds", type=float, default=400.0)
    parser.add_argument("--jaxmarl", type=Path, default=Path("JaxMARL"))
    given = parser.parse_args()
    CURVE = Curve(given.curve.resolve(), given.seconds)
    folder = CURVE.path.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(EnoughError):
        trainings(given.jaxmarl.resolve())[given.system](given.seed, folder)
    CURVE.save()


if __name__ == "__main__":
    sys.modules[NAME] = sys.modules["__main__"]
    main()
