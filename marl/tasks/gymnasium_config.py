"""Settings of Gymnasium environments. Nothing here imports PyTorch, so that help is quick."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from marl.core.config import Config
from marl.core.limits import Processes, StepTimeout
from marl.tasks.pettingzoo.config import Wrappers

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
    wrappers: Wrappers = Field(default_factory=list)
    """Wrappers, the first innermost: MODULE.FUNCTION, or that with its arguments, e.g.
    {gymnasium.wrappers.FrameStackObservation: {stack_size: 4}}."""
    max_episode_steps: int | None = Field(None, ge=1)
    """Largest number of steps of an episode; None for the registered limit."""
    channels: Literal["first", "last"] | None = None
    """Axis of the channels of images, which are Boxes of three axes, or of four for a stack; None is the last, unless
    the first is the smallest."""
    processes: Processes = 1
    """Processes that step the copies in training; auto measures a step and takes the fastest number, at most as many as
    there are cores. Evaluations are in one."""
    step_timeout: StepTimeout = None
    """Seconds that the copies of a process may take for a step, or a reset, before it counts as hanging and training
    ends; None for any time. With it even one process is beside the training's own."""

    @model_validator(mode="before")
    @classmethod
    def _read_vectorization(cls, values: Any) -> Any:
        """Runs of earlier versions had all copies in one process, or each in its own."""
        if not isinstance(values, Mapping) or values.get("vectorization") not in ("sync", "async"):
            return values
        others = {name: value for name, value in values.items() if name != "vectorization"}
        if values["vectorization"] == "async" and others.get("processes", 1) == 1:
            others["processes"] = "auto"
        return others
