"""Teams, observations, policies, a small environment and a trained run, as tests need them."""

from __future__ import annotations

import copy
import fcntl
import importlib
import importlib.util
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from browser import browser, open_window
from meeting import Meeting
from meeting_config import MeetingConfig

import marl
from marl.core.records import Memory, Observation, Rollout
from marl.core.roster import ActionSpec, AgentClass, Plane, Roster
from marl.networks.configs import CriticConfig, EncoderConfig, GraphConfig, TransformerConfig
from marl.policies.actor_critic import ActorCritic
from marl.policies.configs import ActorCriticConfig

__all__ = ["browser", "open_window"]

torch.set_num_threads(1)  # several cost more than they bring on networks of this size
os.environ["OMP_NUM_THREADS"] = "1"  # for the processes that tests start

TOP = Path(__file__).parent.parent
KERNELS = ("marl/games/search/compiled*.py", "marl/games/search/compiled/*.py", "marl/envs/games/kernels/*.py")
"""The modules that Numba compiles when they are imported."""

MakeOnce = Callable[[str, Callable[[Path], object]], Path]

SMALL: dict[str, Any] = {
    "policy": {
        "encoder": {"hidden": [16, 16], "transformer": {"heads": 2, "window": 4, "feedforward": 16}},
        "graph": {"kind": "gat", "heads": 2},
        "critic": {"hidden": [16], "entity_hidden": [16]},
    },
    "algorithm": {"name": "ppo", "learning_rate": [0.003, 0.001], "auxiliary_coef": 0.5, "epochs": 2},
    "total_env_steps": 1280,
    "num_copies": 32,
    "rollout_length": 8,
    "log_interval": 512,
    "checkpoint_interval": 512,
    "evaluation_interval": 1024,
    "evaluation_episodes": 4,
    "score_log": {"threshold": 1000, "window": 20},
    "threads": 1,
}
"""Five iterations of 256 env steps."""


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Lock a file or folder that is there; the other workers of pytest-xdist wait for it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def pytest_configure(config: pytest.Config) -> None:
    """Let one worker compile the kernels, which takes seconds; the others load them from Numba's cache.

    Ctrl-C is handled as in a terminal; a process that a shell put into the background ignores it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config, "workerinput") and importlib.util.find_spec("numba") is not None:
        with alone(TOP):
            for path in (path for pattern in KERNELS for path in sorted(TOP.glob(pattern))):
                importlib.import_module(".".join(path.relative_to(TOP).with_suffix("").parts))


@pytest.fixture(scope="session")
def make_once(tmp_path_factory: pytest.TempPathFactory) -> MakeOnce:
    """``make_once(name, fill)``: a folder that the first worker to ask for it fills, and all share."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base  # each worker has a folder in the same one

    def make(name: str, fill: Callable[[Path], object]) -> Path:
        folder, unfinished = shared / name, shared / f"{name}-unfinished"
        with alone(shared):
            if not folder.exists():
                shutil.rmtree(unfinished, ignore_errors=True)
                fill(unfinished)
                unfinished.rename(folder)  # one that failed is not taken for a whole one
        return folder

    return make


@pytest.fixture
def small_env() -> dict[str, Any]:
    """Settings of the environment of `preset` and `run`; tests that play in another one put it in this place."""
    return {"name": "meeting", "max_cycles": 12, "communication": {"link_loss": 0.2}, "slow_episodes": 40}


@pytest.fixture
def preset(small_env: dict[str, Any]) -> dict[str, Any]:
    """A run of seconds, with everything that keeps state: memory, schedules, lost links, a normaliser, stages."""
    return copy.deepcopy({"env": small_env, **SMALL})


@pytest.fixture
def preset_file(preset: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "preset.yaml"
    path.write_text(yaml.safe_dump(preset))
    return path


@pytest.fixture
def run(make_once: MakeOnce, small_env: dict[str, Any]) -> Path:
    """A run trained by `preset`, once for all tests. They must not change it."""

    def train(folder: Path) -> None:
        threads = torch.get_num_threads()
        marl.train(copy.deepcopy({"env": small_env, **SMALL}), out=folder)
        torch.set_num_threads(threads)

    return make_once(f"runs/{small_env['name']}/small", train)


ENTITY_SIZE = 7
AUXILIARY_SIZE = 2


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Layers draw their weights from torch's global generator."""
    torch.manual_seed(0)


@pytest.fixture
def make_roster() -> Callable[..., Roster]:
    """A roster of class A (features of width 3) and class B (width 5)."""

    def make(a: int = 2, b: int = 3) -> Roster:
        action = ActionSpec("discrete", 5)
        classes = (AgentClass("A", 3, action), AgentClass("B", 5, action))
        return Roster(classes, (a, b), Plane(), ENTITY_SIZE, AUXILIARY_SIZE)

    return make


@pytest.fixture
def make_observation() -> Callable[..., Observation]:
    """A random observation of a team in float64, with two entities that are not agents."""

    def make(roster: Roster, *leading: int, seed: int = 0, links: float = 0.6) -> Observation:
        generator = torch.Generator().manual_seed(seed)
        normal = lambda *shape: torch.randn(*leading, *shape, generator=generator, dtype=torch.float64)  # noqa: E731
        size = roster.size
        kinematics = normal(size, 4)
        upper = (torch.rand(*leading, size, size, generator=generator) < links).triu(1)
        entities = normal(size + 2, ENTITY_SIZE)
        entities[..., :size, :4] = kinematics
        return Observation(
            features={c.name: normal(roster.team[c.name], c.feature_size) for c in roster.present},
            alive=torch.ones(*leading, size, dtype=torch.bool),
            adjacency=upper | upper.mT,
            kinematics=kinematics,
            entities=entities,
            entity_mask=torch.ones(*leading, size + 2, dtype=torch.bool),
            auxiliary_target=normal(size, AUXILIARY_SIZE),
        )

    return make


@pytest.fixture
def make_memory() -> Callable[..., Memory]:
    """A random full memory in float64."""

    def make(copies: int, agents: int, layers: int, window: int, width: int, seed: int = 0) -> Memory:
        generator = torch.Generator().manual_seed(seed)
        shape = (copies, agents, layers, window, width)
        keys, values = (torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(2))
        return Memory(keys, values, torch.ones(copies, window, dtype=torch.bool))

    return make


@pytest.fixture
def permute() -> Callable[[Observation, Roster, list[int]], Observation]:
    """The same observation with the agents in another order, which keeps each in its class."""

    def apply(observation: Observation, roster: Roster, order: list[int]) -> Observation:
        index = torch.tensor(order)
        everything = torch.cat([index, torch.arange(roster.size, roster.size + 2)])
        assert observation.adjacency is not None
        assert observation.kinematics is not None
        assert observation.entities is not None
        assert observation.entity_mask is not None
        assert observation.auxiliary_target is not None
        features = {
            name: observation.features[name][..., index[agents] - agents.start, :]
            for name, agents in roster.slices.items()
        }
        return Observation(
            features=features,
            alive=observation.alive[..., index],
            adjacency=observation.adjacency[..., index, :][..., index],
            kinematics=observation.kinematics[..., index, :],
            entities=observation.entities[..., everything, :],
            entity_mask=observation.entity_mask[..., everything],
            auxiliary_target=observation.auxiliary_target[..., index, :],
        )

    return apply


@pytest.fixture
def as_rollout() -> Callable[..., Rollout]:
    """A rollout around observations ``[T, B]``; what is not given is zero."""

    def make(observation: Observation, memory: Memory | None = None, **given: Any) -> Rollout:
        zeros = torch.zeros(observation.alive.shape, dtype=next(iter(observation.features.values())).dtype)
        actions = {name: x.new_zeros(x.shape[:-1], dtype=torch.long) for name, x in observation.features.items()}
        never = torch.zeros_like(observation.alive)
        parts: dict[str, Any] = {
            "next_observation": observation,
            "action": actions,
            "log_prob": zeros,
            "reward": zeros,
            "terminated": never,
            "truncated": never,
            "started": never[..., 0],
        }
        return Rollout(observation=observation, memory=memory, **(parts | given))

    return make


@pytest.fixture
def team_config() -> Callable[..., ActorCriticConfig]:
    """A small transformer-and-graph policy."""

    def make(
        kind: str = "gat",
        temporal: str = "transformer",
        sharing: str = "class",
        critic: str = "class",
        layers: int = 1,
        remembers: str = "seen",
        **options: Any,
    ) -> ActorCriticConfig:
        transformer = TransformerConfig(layers=layers, heads=2, window=3, feedforward=16)
        return ActorCriticConfig(
            encoder=EncoderConfig(
                hidden=(8, 8), temporal=temporal, transformer=transformer, sharing=sharing, remembers=remembers
            ),
            graph=GraphConfig(kind=kind, heads=2),
            critic=CriticConfig(sharing=critic, hidden=(8,), entity_hidden=(8,)),
            **options,
        )

    return make


@pytest.fixture
def make_policy(team_config: Callable[..., ActorCriticConfig]) -> Callable[..., ActorCritic]:
    """A policy in float64 whose actors, unlike at the start of training, tell situations apart."""

    def make(roster: Roster, **options: Any) -> ActorCritic:
        policy = ActorCritic(roster, team_config(**options)).double()
        with torch.no_grad():
            for actor in policy.actors.values():
                actor.network[-1].weight.mul_(100)
        return policy

    return make


@pytest.fixture
def make_meeting() -> Callable[..., Meeting]:
    """A batched environment with a class that sees the landmark and one that sees the target."""

    def make(
        team: dict[str, int],
        num_copies: int = 3,
        max_cycles: int = 5,
        dtype: torch.dtype = torch.float32,
        **settings: Any,
    ) -> Meeting:
        config = MeetingConfig(team=team, max_cycles=max_cycles, **settings)
        return Meeting(config, num_copies, dtype=dtype)

    return make
