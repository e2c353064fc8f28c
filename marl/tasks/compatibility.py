"""Check of environment settings against those that a policy was trained under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marl.core.config import Config
from marl.core.errors import ConfigError
from marl.core.task import Task

__all__ = ["check_settings"]


def check_settings(trained: Mapping[str, Any], task: Task, config: Config) -> None:
    """Raise an error for settings under which a policy's features would change their meaning.

    Raises:
        ConfigError: naming the setting and both values.
    """
    here = config.model_dump(mode="json")
    for name in here.keys() - task.changeable:
        if name in trained and trained[name] != here[name]:
            raise ConfigError(f"{name} is {here[name]!r}, but the policy was trained with {trained[name]!r}")
