"""Parts of a run that depend on its algorithm: what learns, what it learns from, and how it is evaluated."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from marl.algorithms.alpha_zero import AlphaZero
from marl.algorithms.alpha_zero_config import AlphaZeroConfig
from marl.algorithms.history import History, load_shards
from marl.algorithms.learner import Learner
from marl.core.environment import TaskEnvironment
from marl.core.errors import ConfigError, FileError, Note
from marl.core.game import Game
from marl.core.game_structure import symmetries_of
from marl.core.task import Task
from marl.games.self_play import Samples
from marl.policies.game_network import GameNetwork
from marl.policies.interface import Interface
from marl.policies.policy import Policy
from marl.tasks.environment_config import game_of, make_environment
from marl.training.checkpoints import newest
from marl.training.collector import Collector
from marl.training.evaluation import EpisodeEvaluation, Evaluation
from marl.training.game_evaluation import GameEvaluation
from marl.training.initial_policy import build_learner, build_policy, take_weights
from marl.training.memory_check import check_memory
from marl.training.run_config import RunConfig, run_values
from marl.training.score_log import ScoreLog
from marl.training.self_play import SelfPlay
from marl.training.source import Source

__all__ = ["Parts", "build_parts"]

SLOW = (
    "Numba is not installed, so games are searched in Python, many times more slowly; pip install 'marl-teams[fast]' "
    "has it"
)


@dataclass(frozen=True)
class Parts:
    """Parts of a run; see `marl.training.run.Run`."""

    source: Source
    policy: Policy
    learner: Learner
    scores: ScoreLog
    evaluation: Evaluation
    batch_bytes: int = 0
    events: Mapping[str, str] = field(default_factory=dict)


def build_parts(config: RunConfig[Any], task: Task, device: torch.device, folder: Path, fresh: bool) -> Parts:
    """Build the parts of a run.

    Args:
        config: settings.
        task: kind of environment.
        device: device of the tensors.
        folder: of the run.
        fresh: True for a new run, which may begin with the policy of another.

    Raises:
        ConfigError: if the configuration cannot be used.
        FileError: if the initial policy cannot be used.
    """
    if isinstance(config.algorithm, AlphaZeroConfig):
        return _self_play(config, config.algorithm, task, device, folder, fresh)
    return _rollouts(config, task, device, fresh)


def _rollouts(config: RunConfig[Any], task: Task, device: torch.device, fresh: bool) -> Parts:
    """Parts that learn from rollouts in an environment."""
    probe = make_environment(task, config.env, 1, training=True)
    probe.close()
    batch_bytes = check_memory(config, probe.roster, device)
    environment = make_environment(task, config.env, config.num_copies, training=True, device=device)
    classes = tuple(environment.roster.slices)
    scores = ScoreLog(config.score_log, config.env.name, environment.reward_threshold, classes)
    policy = _policy(config, environment, device, fresh)
    learner = build_learner(policy, config, environment.symmetries)
    source = Collector(environment, config.rollout_length, config.seed)
    evaluation = EpisodeEvaluation(config, task, device)
    return Parts(source, policy, learner, scores, evaluation, batch_bytes, environment.events)


def _self_play(
    config: RunConfig[Any], algorithm: AlphaZeroConfig, task: Task, device: torch.device, folder: Path, fresh: bool
) -> Parts:
    """Parts that learn a game from self-play; its environment only tells who plays."""
    game = game_of(task, config.env)
    if game.kernels() is None and find_spec("numba") is None:
        warnings.warn(SLOW, Note, stacklevel=2)
    environment = make_environment(task, config.env, 1)
    environment.close()
    scores = ScoreLog(config.score_log, config.env.name, None)
    policy = _policy(config, environment, device, fresh, game)
    assert isinstance(policy, GameNetwork)
    history = History(algorithm.window, folder / "history", config.keep_checkpoints)
    learner = AlphaZero(policy, algorithm, config.seed, game, symmetries_of(game), history)
    if fresh and algorithm.initial_history is not None:
        learner.begin_with(_history_of(algorithm.initial_history, game, config.env.name))
    make = partial(game_of, task, config.env)
    source = SelfPlay(game, algorithm, config.num_copies, config.rollout_length, config.seed, make)
    return Parts(source, policy, learner, scores, GameEvaluation(config, game))


def _history_of(run: Path, game: Game, env_name: str) -> dict[int, Samples]:
    """Positions that a run has kept, by iteration.

    Raises:
        ConfigError: if they are of another game, or of one of another shape.
        FileError: if there are none, or one is missing or not as it was.
    """
    place = f"algorithm.initial_history is {run}"
    start, wrong = newest(run / "checkpoints")
    shards = {} if start is None else start.state["learner"].get("history", {}).get("shards", {})
    if not shards:
        why = "".join(f"; {reason}" for reason in wrong.values())
        told = "name the folder of a run that alpha_zero trained"
        raise FileError(f"{place}, where no checkpoint has a history{why}; {told}")
    parts = load_shards(run / "history", shards)
    part = next(iter(parts.values()))
    there = part.observation.shape[1], part.legal.shape[1], part.value.shape[1]
    here = int(np.prod(game.observation_shape)), game.num_actions, game.num_players
    if there != here:
        raise ConfigError(
            f"{place}, whose positions have {there[0]} numbers, {there[1]} actions and "
            f"{there[2]} players; {game.name} has {here[0]}, {here[1]} and {here[2]}"
        )
    if (name := run_values(run)["env"]["name"]) != env_name:
        raise ConfigError(f"{place}, a run of {name}; name one of {env_name}")
    return parts


def _policy(
    config: RunConfig[Any],
    environment: TaskEnvironment,
    device: torch.device,
    fresh: bool,
    game: Game | None = None,
) -> Policy:
    policy = build_policy(config, environment, device, game)
    policy.interface = Interface(config.env.model_dump(mode="json"))
    if fresh and config.initial_policy is not None:
        take_weights(policy, config, config.initial_policy)
    return policy
