"""Settings of Gymnasium environments. Nothing here imports PyTorch, so that help is quick."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from marl.core.config import Config

__all__ = ["CLASS", "GymnasiumConfig"]

CLASS = "agent"
"""Name of the one class, and of its one agent."""


class GymnasiumConfig(Config):
    """Settings of a Gymnasium environment."""

    name: str
    """In Gymnasium's registry, e.g. CartPole-v1; MODULE:NAME imports the module first."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Keyword arguments of the environment."""
    max_episode_steps: int | None = Field(None, ge=1)
    """Largest number of steps of an episode; None for the registered limit."""
    vectorization: Literal["sync", "async"] = "sync"
    """All copies in one process, or each in its own; in evaluation they are in one."""
