"""The environment that every collector, evaluation and picture works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

from marl.core.records import Observation, Step
from marl.core.roster import Roster
from marl.core.scene import Picture, Scene
from marl.core.symmetry import Symmetries

__all__ = ["Environment", "Presentable", "Resumable", "Rule", "State", "TaskEnvironment"]

State = dict[str, Any]
"""Nested dicts of tensors, numbers, strings and None: what a checkpoint stores."""

Rule = Callable[[Observation, torch.Generator], dict[str, Tensor]]
"""A memoryless policy: observation and generator to one action a class."""


class Environment(Protocol):
    """``B`` copies of a task for ``N`` agents that step together and reset by themselves: what a collector needs.

    A single-agent task is ``N = 1``. All tensors live on ``device``.
    """

    roster: Roster
    num_copies: int
    device: torch.device
    events: Mapping[str, str]
    """Names in ``Step.info`` that count events, and the word for one of them, e.g. ``contacts``
    and ``contact``; logs tell the share of episodes with any."""
    per_step: frozenset[str]
    """Names in ``Step.info`` that are averaged over an episode's steps; all others are summed."""

    @property
    def metrics(self) -> Mapping[str, float]:
        """Metrics of the environment's own schedule, such as the curriculum stage."""
        ...

    def reset(self, seed: int) -> Observation:
        """Begin an episode in every copy. The same seed gives the same episodes."""
        ...

    def step(self, action: dict[str, Tensor]) -> Step:
        """Take one action a class, ``[B, N_c]`` or ``[B, N_c, A]``, and move every copy on."""
        ...

    def close(self) -> None:
        """Free what the copies hold."""
        ...


class Resumable(Environment, Protocol):
    """An environment whose state a checkpoint stores."""

    def state(self) -> State | None:
        """Everything that is needed to go on from here, random generators included.

        None if it cannot be stored; then a resumed training begins its episodes anew.
        """
        ...

    def load_state(self, state: State) -> None:
        """Go on from a state that `state` gave."""
        ...


class Presentable(Environment, Protocol):
    """An environment of which pictures can be made."""

    frames_per_second: float
    """Frames per second at which an episode is shown."""

    def scene(self, copy: int = 0) -> Scene | Picture:
        """The present moment of one copy.

        Raises:
            UndrawableError: if this task cannot be drawn.
        """
        ...


class TaskEnvironment(Resumable, Presentable, Protocol):
    """The environment of a `Task`: it is trained in, stored, drawn, and has references to compare with."""

    agent_noun: str
    """Word for one agent, e.g. ``predator``."""

    @property
    def reward_threshold(self) -> float | None:
        """Mean return from which the task counts as solved; None if it states none."""
        ...

    @property
    def symmetries(self) -> Symmetries | None:
        """Changes of the world under which it stays the same game, for augmentation; None if none are known."""
        ...

    def scripted(self) -> Mapping[str, Rule]:
        """Hand-written reference policies by name."""
        ...
