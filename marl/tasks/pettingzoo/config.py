"""Settings of PettingZoo environments. Nothing here imports PyTorch, so that help is quick."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from marl.core.config import Config
from marl.core.limits import Processes, StepTimeout

__all__ = ["PettingZooConfig"]


class PettingZooConfig(Config):
    """Settings of a PettingZoo environment."""

    name: str
    """In PettingZoo's registry, e.g. butterfly/pistonball-v6; a module, e.g. mpe2.simple_spread_v3; or
    MODULE:FUNCTION."""
    registry: Literal["pettingzoo"] | None = None
    """Names the registry, if another has the name too."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Keyword arguments of the environment."""
    wrappers: list[str | dict[str, dict[str, Any] | None]] = Field(default_factory=list)
    """Wrappers, the first innermost: MODULE.FUNCTION, or that with its arguments, e.g.
    {supersuit.frame_stack_v1: {stack_size: 4}}."""
    members: dict[str, list[str]] | None = None
    """Patterns of the agents of each class, e.g. {hunters: ["adversary_*"], prey: ["agent_*"]}; None finds classes by
    names and spaces."""
    channels: Literal["first", "last"] | None = None
    """Axis of the channels of images, which are Boxes of three axes; None is the last, unless the first is the
    smallest."""
    reward: Literal["own", "class", "side"] = "own"
    """Reward that an agent learns from: its own, or the mean over those of its class, or its side, that are alive."""
    processes: Processes = 1
    """Processes that step the copies in training; auto is as many as there are cores, where that is faster. Evaluations
    are in one."""
    step_timeout: StepTimeout = None
    """Seconds that the copies of a process may take for a step, or a reset, before it counts as hanging and training
    ends; None for any time. With it even one process is beside the training's own."""

    @field_validator("wrappers")
    @classmethod
    def _check_wrappers(cls, wrappers: list[Any]) -> list[Any]:
        for wrapper in wrappers:
            if isinstance(wrapper, dict) and len(wrapper) != 1:
                raise ValueError(f"a wrapper is {wrapper}; give each its own entry: - MODULE.FUNCTION: {{arguments}}")
        return wrappers
