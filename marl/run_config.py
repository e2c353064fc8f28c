"""Everything that a training run depends on, and how presets are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from pydantic import Field, ValidationError

from marl.algorithms import AlgorithmConfig
from marl.algorithms.a2c import A2CConfig
from marl.algorithms.ppo import PPOConfig
from marl.algorithms.reinforce import ReinforceConfig
from marl.config import Config
from marl.environment import Task
from marl.policies.actor_critic import ActorCriticConfig
from marl.tasks import find_task

__all__ = ["ConfigError", "RunConfig", "load_config", "read_config", "save_config", "switch_algorithm", "task_of"]

E = TypeVar("E", bound=Config)


class ConfigError(ValueError):
    """A configuration that cannot be used, with the field, the value and what would do."""


class RunConfig(Config, Generic[E]):
    """A training run."""

    env: E
    """The environment."""
    policy: ActorCriticConfig = Field(default_factory=ActorCriticConfig)
    """The networks."""
    algorithm: AlgorithmConfig = Field(default_factory=PPOConfig)
    """The learner."""
    total_env_steps: int = Field(1_000_000, ge=1)
    """How long to train, in env steps."""
    num_copies: int = Field(128, ge=1)
    """Copies of the environment that step together."""
    rollout_length: int = Field(16, ge=1)
    """Steps of every copy between updates."""
    seed: int = Field(1, ge=0)
    """Of everything that is drawn."""
    device: str = "auto"
    """cpu, cuda, or auto for cuda where there is one."""
    threads: int | None = Field(None, ge=1)
    """Threads of PyTorch; None for its own choice."""
    log_interval: int = Field(10_000, ge=1)
    """Env steps between entries of the log."""
    checkpoint_interval: int = Field(100_000, ge=1)
    """Env steps between checkpoints."""
    keep_checkpoints: int = Field(2, ge=1)
    """How many of the latest checkpoints are kept."""
    evaluation_interval: int = Field(200_000, ge=1)
    """Env steps between evaluations in training."""
    evaluation_episodes: int = Field(100, ge=1)
    """Episodes of each."""

    @property
    def env_steps_per_iteration(self) -> int:
        """Env steps collected between updates."""
        return self.num_copies * self.rollout_length


def read_config(values: dict[str, Any], source: str) -> RunConfig[Any]:
    """A run's configuration from nested dicts.

    Args:
        values: as a preset has them.
        source: named in errors.

    Raises:
        ConfigError: for an unknown task, an unknown key, or a value that will not do.
    """
    env = values.get("env")
    if not isinstance(env, dict) or not isinstance(env.get("name"), str):
        raise ConfigError(f"{source}: env.name is missing; name a task, e.g. env: {{name: simple_tag}}")
    task = find_task(env["name"])
    try:
        return RunConfig[task.config_type].model_validate(values)  # type: ignore[name-defined]
    except ValidationError as error:
        raise ConfigError(f"{source}: {explain(error)}") from error


def load_config(path: Path) -> RunConfig[Any]:
    """Reads a preset or a run's ``config.yaml``.

    Raises:
        ConfigError: if the file is missing, not YAML, or not a configuration.
    """
    try:
        values = yaml.safe_load(path.read_text())
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ConfigError(f"preset {path} does not exist or is not a file; presets are in experiments/") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not YAML: {error}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path} does not hold a configuration (a mapping with env, policy, algorithm, ...)")
    return read_config(values, str(path))


def switch_algorithm(values: dict[str, Any], name: str) -> dict[str, Any]:
    """Settings of another learner, with those that it shares with the present one.

    Args:
        values: settings of the present learner.
        name: of the other.

    Raises:
        ConfigError: if there is none of that name.
    """
    kinds: dict[str, type[Config]] = {"ppo": PPOConfig, "a2c": A2CConfig, "reinforce": ReinforceConfig}
    if name not in kinds:
        raise ConfigError(f"algorithm.name is {name!r}; there is {', '.join(kinds)}")
    if name == values.get("name"):
        return values
    own = {"name", "gae_lambda"} if name == "reinforce" else {"name"}
    return {"name": name, **{k: v for k, v in values.items() if k in kinds[name].model_fields and k not in own}}


def save_config(config: RunConfig[Any], path: Path) -> None:
    """Writes a complete configuration that `load_config` reads."""
    path.write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False))


def task_of(config: RunConfig[Any]) -> Task:
    """The task that a run trains on."""
    return find_task(config.env.name)


def explain(error: ValidationError) -> str:
    """What is wrong with which field, one line each."""
    lines = []
    for problem in error.errors():
        place = ".".join(str(part) for part in problem["loc"] if part not in ("ppo", "a2c", "reinforce"))
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message = "there is no such field; see --help for those there are"
            lines.append(f"{place}: {message}")
        elif problem["type"] == "value_error":
            lines.append(f"{place}: {message}" if place else message)
        else:
            lines.append(f"{place} is {problem['input']!r}: {message[0].lower()}{message[1:]}")
    return "; ".join(lines)
