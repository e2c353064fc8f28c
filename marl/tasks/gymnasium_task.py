"""Gymnasium's environments by name, as tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import torch
from pydantic import Field

from marl.core.config import Config
from marl.core.environment import Environment, Rule
from marl.core.errors import ConfigError
from marl.tasks.gymnasium import GymnasiumEnvironment

__all__ = ["GymnasiumConfig", "GymnasiumTask"]


class GymnasiumConfig(Config):
    """Settings of a Gymnasium environment."""

    name: str
    """In Gymnasium's registry, e.g. CartPole-v1; MODULE:NAME imports the module first."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Keyword arguments of the environment."""
    max_episode_steps: int | None = Field(None, ge=1)
    """Where episodes are cut; None for the registered limit."""
    vectorization: Literal["sync", "async"] = "sync"
    """All copies in one process, or each in its own; in evaluation they are in one."""


@dataclass(frozen=True)
class GymnasiumTask:
    """A Gymnasium environment as a `Task`.

    Args:
        scripted: reference policies by name.
    """

    config_type = GymnasiumConfig
    changeable = frozenset({"arguments", "max_episode_steps", "vectorization"})
    policies = MappingProxyType[str, Path]({})

    scripted: Mapping[str, Rule] = field(default_factory=dict)

    def describe(self, config: Config) -> dict[str, Any]:
        """Name, and the settings that differ from the registered environment; see `Task`."""
        assert isinstance(config, GymnasiumConfig)
        changed = {"arguments": config.arguments or None, "max_episode_steps": config.max_episode_steps}
        return {"environment": config.name, **{name: value for name, value in changed.items() if value is not None}}

    def sides(self, config: Config) -> tuple[str, str]:
        """Raise an error, as there is only one side; see `Task`.

        Raises:
            ConfigError: always.
        """
        assert isinstance(config, GymnasiumConfig)
        raise ConfigError(f"{config.name} has a single agent and nobody to train in turn with")

    def make(
        self, config: Config, num_copies: int, training: bool = False, device: torch.device | str = "cpu"
    ) -> Environment:
        """Make the environment of a configuration; see `Task`."""
        assert isinstance(config, GymnasiumConfig)
        return GymnasiumEnvironment(
            config.name,
            num_copies,
            config.arguments,
            config.max_episode_steps,
            config.vectorization if training else "sync",
            self.scripted,
            device,
        )
