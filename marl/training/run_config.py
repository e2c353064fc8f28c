"""Configuration of a training run, and the reading of presets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from pydantic import Field, PrivateAttr, ValidationError, model_validator

from marl.algorithms.configs import (
    ALGORITHMS,
    AlgorithmConfig,
    AlphaZeroConfig,
    LearnerConfig,
    PPOConfig,
)
from marl.core.config import Config
from marl.core.errors import ConfigError, FileError
from marl.core.files import atomic_path
from marl.core.limits import MOST_COPIES, MOST_GAMES, Seed
from marl.core.reading import parse_yaml, read_text
from marl.core.settings import completed, explain, flat_settings, laid_over
from marl.core.task import Task
from marl.core.version import FORMAT
from marl.policies.configs import ActorCriticConfig, PolicyConfig, with_plain_gcn
from marl.tasks.registry import find_task
from marl.training.choices import CHOICES
from marl.training.score_log import ScoreLogConfig
from marl.training.side_config import SideConfig, check_pair, usual_policy, with_sides

__all__ = [
    "RunConfig",
    "complete_values",
    "config_text",
    "load_config",
    "load_values",
    "read_config",
    "run_values",
    "save_config",
    "task_of",
]

E = TypeVar("E", bound=Config)


class RunConfig(Config, Generic[E]):
    """A training run."""

    env: E
    """The environment."""
    policy: PolicyConfig = Field(default_factory=ActorCriticConfig)
    """The networks."""
    algorithm: AlgorithmConfig = Field(default_factory=PPOConfig)
    """The learner."""
    sides: dict[str, SideConfig] = Field(default_factory=dict)
    """Groups of classes that learn apart, or do not learn; none for one side with everybody."""
    initial_policy: Path | None = None
    """Begin with the weights of this run's policy, its normaliser of values included; None to draw them."""
    total_env_steps: int = Field(1_000_000, ge=1)
    """Env steps of the whole training."""
    num_copies: int = Field(128, ge=1, le=MOST_COPIES)
    """Copies of the environment that step together; at most 65,536."""
    rollout_length: int = Field(16, ge=1)
    """Steps of every copy between updates."""
    seed: Seed = 1
    """Seed of everything that is drawn; below 2^32."""
    device: str = "auto"
    """cpu, cuda, or auto for cuda where there is one."""
    threads: int | None = Field(None, ge=1)
    """Threads of PyTorch, set for the whole process, at most 4 a core; None for its own choice."""
    log_interval: int = Field(10_000, ge=1)
    """Env steps between entries of the log."""
    checkpoint_interval: int = Field(100_000, ge=1)
    """Env steps between checkpoints."""
    keep_checkpoints: int = Field(2, ge=1)
    """Number of the latest checkpoints that are kept."""
    evaluation_interval: int = Field(200_000, ge=1)
    """Env steps between evaluations in training."""
    evaluation_episodes: int = Field(100, ge=1, le=MOST_GAMES)
    """Episodes of each."""
    evaluation_max_steps: int = Field(10_000, ge=1)
    """Steps after which an episode of an evaluation is cut; it counts with what it had brought."""
    score_log: ScoreLogConfig = Field(default_factory=ScoreLogConfig)
    """The score of every episode, and when the task is solved."""

    _task: Task | None = PrivateAttr(None)

    @property
    def task(self) -> Task:
        """Kind of environment, found when the configuration was read."""
        env: Any = self.env
        return find_task(env.name, getattr(env, "registry", None)) if self._task is None else self._task

    @model_validator(mode="before")
    @classmethod
    def _usual_policy(cls, values: Any) -> Any:
        """Fill in the algorithm's usual kind of policy where none is named."""
        return usual_policy(values) if isinstance(values, dict) else values

    @model_validator(mode="after")
    def _check_pairs(self) -> RunConfig[E]:
        for place, (algorithm, policy) in self.learners.items():
            check_pair(place, algorithm, policy, self.num_copies, self.rollout_length)
        return self

    @model_validator(mode="after")
    def _check_sides(self) -> RunConfig[E]:
        algorithms = (self.algorithm, *(algorithm for algorithm, _ in self.learners.values()))
        if self.sides and any(isinstance(algorithm, AlphaZeroConfig) for algorithm in algorithms):
            raise ValueError("algorithm.name is alpha_zero: one network plays all seats of a game; leave sides out")
        owner: dict[str, str] = {}
        for name, side in self.sides.items():
            if not name.isidentifier():
                raise ValueError(f"a side is named {name!r}; a name is letters, digits and underscores")
            for kind in side.classes:
                if owner.setdefault(kind, name) != name:
                    raise ValueError(f"sides {owner[kind]} and {name} both have the class {kind!r}; give it to one")
        if self.sides and not self.learners:
            raise ValueError("all sides are fixed, so nobody learns; leave fixed out for one")
        return self

    @property
    def learners(self) -> dict[str, tuple[LearnerConfig, Config]]:
        """Algorithm and policy of each side that learns, by what stands before them: ``""``, or ``sides.NAME.``"""
        if not self.sides:
            return {"": (self.algorithm, self.policy)}
        return {
            f"sides.{name}.": (side.algorithm, side.policy)
            for name, side in self.sides.items()
            if side.algorithm is not None and side.policy is not None
        }

    @property
    def env_steps_per_iteration(self) -> int:
        """Env steps collected between updates."""
        return self.num_copies * self.rollout_length


def task_of(values: Mapping[str, Any], source: str | None = None) -> Task:
    """Find the task that a run's settings name.

    Raises:
        ConfigError: if they name none, or one that is not offered.
    """
    env = values.get("env")
    if not isinstance(env, Mapping) or not isinstance(env.get("name"), str):
        where = "" if source is None else f"{source}: "
        raise ConfigError(f"{where}env.name is missing; name a task, e.g. env: {{name: simple_tag}}")
    return find_task(env["name"], env.get("registry"))


def complete_values(values: Mapping[str, Any], task: Task, algorithm: str | None = None) -> dict[str, Any]:
    """Fill in the defaults of all missing fields of a run's settings; nothing is validated.

    Args:
        values: as a preset has them.
        task: task that they name.
        algorithm: name of the algorithm where they name none; None for the usual one.
    """
    if algorithm is not None and "algorithm" not in values:
        values = {**values, "algorithm": {"name": algorithm}}
    return completed(RunConfig[task.config_type], suited(values, task))  # type: ignore[name-defined]


def suited(values: Mapping[str, Any], task: Task, pictures: bool | None = None) -> Mapping[str, Any]:
    """Settings with those of the task, and the algorithm's usual kind of policy, in place of what is left out.

    The environment is made only where they leave out what depends on whether its agents see pictures, and nobody knows.
    """
    algorithm = values.get("algorithm", {})
    name = algorithm.get("name", PPOConfig().name) if isinstance(algorithm, Mapping) else None
    if not isinstance(name, str) or name not in ALGORITHMS:
        return values
    plain, pictured = (
        laid_over(usual_policy(values), {part: value for part, value in usual.items() if value != {}})
        for usual in (usual_policy(task.run_settings(name, pictures)) for pictures in (False, True))
    )
    if plain == pictured:
        return plain
    from marl.tasks.environment_config import shows_pictures  # which imports PyTorch

    return pictured if (shows_pictures(values["env"]) if pictures is None else pictures) else plain


def read_config(
    values: Mapping[str, Any], source: str | None = None, task: Task | None = None, pictures: bool | None = None
) -> RunConfig[Any]:
    """Make a run's configuration from nested dicts.

    Args:
        values: as a preset has them.
        source: name for errors, e.g. a file.
        task: task that they name, if it was found before.
        pictures: True if agents see pictures, False if not; None to look where it matters.

    Raises:
        ConfigError: for an unknown task, an unknown key, or a value that cannot be used.
    """
    task = task_of(values, source) if task is None else task
    try:
        complete = with_sides(suited(values, task, pictures), task)
        config = RunConfig[task.config_type].model_validate(complete)  # type: ignore[name-defined]
    except ValidationError as error:
        where = "" if source is None else f"{source}: "
        names = flat_settings(complete_values(values, task))
        raise ConfigError(f"{where}{explain(error, CHOICES, names=names)}") from error
    config._task = task
    return config


def load_values(path: Path) -> dict[str, Any]:
    """Read the settings of a preset or of a run's ``config.yaml``, as written there but in today's terms.

    Raises:
        ConfigError: if the file is missing, not YAML, not a mapping, or of a later version.
    """
    if not path.is_file():
        raise ConfigError(
            f"preset {path} does not exist or is not a file; marl list presets names those that come with the package"
        )
    try:
        values = parse_yaml(read_text(path))
    except FileError as error:
        raise ConfigError(str(error)) from error
    except ValueError as error:
        raise ConfigError(f"{path} is not YAML: {error}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path} does not hold a configuration (a mapping with env, policy, algorithm, ...)")
    return _present(values, path)


def _present(values: dict[str, Any], path: Path) -> dict[str, Any]:
    """Settings in today's terms. Runs of format 3 and earlier did not tell their format; a preset need not."""
    of_run = any((path.parent / part).is_dir() for part in ("checkpoints", "policy"))
    number = values.get("format", 3 if of_run else FORMAT)
    if number not in range(1, FORMAT + 1):
        told = f"{path} has format {number!r}, and this version reads formats up to {FORMAT}"
        raise ConfigError(f"{told}; use a newer version of the package")
    values = {name: value for name, value in values.items() if name != "format"}
    if number >= 4:
        return values
    return {name: with_plain_gcn(value) if name in ("policy", "sides") else value for name, value in values.items()}


def load_config(path: Path) -> RunConfig[Any]:
    """Read the configuration in a preset or in a run's ``config.yaml``.

    Raises:
        ConfigError: if the file is missing, not YAML, or not a configuration.
    """
    return read_config(load_values(path), str(path))


def save_config(config: RunConfig[Any], path: Path) -> None:
    """Write a complete configuration for `load_config`."""
    with atomic_path(path) as temporary:
        temporary.write_text(f"format: {FORMAT}\n{config_text(config)}", encoding="utf-8")


def config_text(config: RunConfig[Any]) -> str:
    """Complete configuration as YAML."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)


def run_values(folder: Path) -> dict[str, Any]:
    """Read the complete settings of a run that is to go on.

    Raises:
        FileError: if the folder is not a run.
        ConfigError: if its ``config.yaml`` cannot be used.
    """
    path = folder / "config.yaml"
    if not path.exists():
        missing = "config.yaml is missing" if folder.is_dir() else "there is no such folder"
        raise FileError(f"{folder} is not a run ({missing}); name the folder of one")
    values = load_values(path)
    return complete_values(values, task_of(values, str(path)))
