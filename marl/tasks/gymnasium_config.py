"""Settings of Gymnasium environments. Nothing here imports PyTorch, so that help is quick."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from marl.core.config import Config

__all__ = ["CLASS", "GymnasiumConfig"]

CLASS = "agent"
"""Name of the one class, and of its one agent."""


class GymnasiumConfig(Config):
    """Settings of a Gymnasium environment."""

    name: str
    """In Gymnasium's registry, e.g. CartPole-v1; MODULE:NAME imports the module first."""
    registry: Literal["gymnasium"] | None = None
    """Names the registry, if another has the name too."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Keyword arguments of the environment."""
    max_episode_steps: int | None = Field(None, ge=1)
    """Largest number of steps of an episode; None for the registered limit."""
    channels: Literal["first", "last"] | None = None
    """Axis of the channels of images, which are Boxes of three axes; None is the last, unless the first is the
    smallest."""
    vectorization: Literal["sync", "async"] = "sync"
    """All copies in one process, or each in its own; in evaluation they are in one."""
    step_timeout: float | None = Field(None, gt=0, allow_inf_nan=False)
    """Seconds that a copy in a process of its own may take for a step, or a reset, before it counts as hanging and
    training ends; None for any time."""

    @model_validator(mode="after")
    def _check_timeout(self) -> GymnasiumConfig:
        if self.step_timeout is not None and self.vectorization == "sync":
            raise ValueError(
                f"step_timeout is {self.step_timeout:g}, but vectorization is 'sync', and a process cannot end a step "
                "of its own: set vectorization async, or leave step_timeout out"
            )
        return self
