"""Settings of PettingZoo environments. Nothing here imports PyTorch, so that help is quick."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from marl.core.config import Config
from marl.core.limits import Processes, StepTimeout

__all__ = ["Columns", "LinksConfig", "PettingZooConfig", "Wrappers"]


Columns = tuple[int, ...]


def _check_wrappers(wrappers: list[Any]) -> list[Any]:
    for wrapper in wrappers:
        if isinstance(wrapper, dict) and len(wrapper) != 1:
            raise ValueError(f"a wrapper is {wrapper}; give each its own entry: - MODULE.FUNCTION: {{arguments}}")
    return wrappers


Wrappers = Annotated[list[str | dict[str, dict[str, Any] | None]], AfterValidator(_check_wrappers)]
"""Wrappers of an environment, the first innermost."""


class LinksConfig(Config):
    """Message links between agents."""

    positions: Columns | dict[str, Columns] | None = None
    """Numbers, from 0, of the features that are an agent's position, for all classes or for each; None if nobody sees
    one."""
    range: float | None = Field(None, ge=0)
    """Largest distance of two agents that hear each other; None for unlimited."""
    nearest: int | None = Field(None, ge=1)
    """Largest number of agents that one hears, the nearest within the range; None for all."""

    @model_validator(mode="after")
    def _distances_are_known(self) -> LinksConfig:
        given = next((name for name in ("range", "nearest") if getattr(self, name) is not None), None)
        if given is not None and self.positions is None:
            raise ValueError(
                f"{given} is {getattr(self, given)}, and positions is None; name the features that are a position, "
                "e.g. positions: [2, 3]"
            )
        return self


class PettingZooConfig(Config):
    """Settings of a PettingZoo environment."""

    name: str
    """In PettingZoo's registry, e.g. butterfly/pistonball-v6; a module, e.g. mpe2.simple_spread_v3; or
    MODULE:FUNCTION."""
    registry: Literal["pettingzoo"] | None = None
    """Names the registry, if another has the name too."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Keyword arguments of the environment."""
    wrappers: Wrappers = Field(default_factory=list)
    """Wrappers, the first innermost: MODULE.FUNCTION, or that with its arguments, e.g.
    {supersuit.frame_stack_v1: {stack_size: 4}}."""
    members: dict[str, list[str]] | None = None
    """Patterns of the agents of each class, e.g. {hunters: ["adversary_*"], prey: ["agent_*"]}; None finds classes by
    names and spaces."""
    channels: Literal["first", "last"] | None = None
    """Axis of the channels of images, which are Boxes of three axes, or of four for a stack; None is the last, unless
    the first is the smallest."""
    links: LinksConfig | None = None
    """Message links of agents that observe no adjacency; {} lets everybody hear everybody. None for no messages."""
    rejoin: bool = False
    """Agents that left may come back in the same episode."""
    state: bool = False
    """Centralised critics see PettingZoo's state() and their agent's own observation, in place of what all agents see;
    training only."""
    sides: dict[str, list[str]] | None = None
    """Classes of each side; None for those of the run's sides, or for one side with everybody."""
    reward: Literal["own", "class", "side"] = "own"
    """Reward that an agent learns from: its own, or the mean over those of its class, or its side, that are alive."""
    processes: Processes = 1
    """Processes that step the copies in training; auto measures a step and takes the fastest number, at most as many as
    there are cores. Evaluations are in one."""
    step_timeout: StepTimeout = None
    """Seconds that the copies of a process may take for a step, or a reset, before it counts as hanging and training
    ends; None for any time. With it even one process is beside the training's own."""
