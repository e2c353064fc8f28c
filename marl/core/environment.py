"""The environment that every collector, evaluation and picture works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from marl.core.config import Config
from marl.core.records import Observation, Step
from marl.core.roster import Roster
from marl.core.symmetry import Symmetries

__all__ = ["Actor", "Environment", "Picture", "Scene", "State", "Task"]

State = dict[str, Any]
"""Nested dicts of tensors, numbers, strings and None: what a checkpoint stores."""

Actor = Callable[[Observation, torch.Generator], dict[str, Tensor]]
"""A memoryless policy: observation and generator to one action a class."""


@dataclass(frozen=True)
class Scene:
    """One moment of one copy, ready to be drawn.

    Args:
        discs: for each entity ``(x, y, radius, kind)``; ``kind`` is a class name, ``"prey"`` or
            ``"predator"`` (opponents), or ``"obstacle"``.
        links: pairs of indices into ``discs`` that hear each other.
        contacts: indices into ``discs`` that touch a target at this moment.
        range: radius in which an agent hears, or None if it is unlimited or there is no graph.
        extent: half the width of the arena.
    """

    discs: tuple[tuple[float, float, float, str], ...]
    links: tuple[tuple[int, int], ...]
    contacts: tuple[int, ...]
    range: float | None
    extent: float


Picture = NDArray[np.uint8]
"""One moment of one copy as the environment itself draws it, ``[H, W, 3]``."""


class Environment(Protocol):
    """``B`` copies of a task for ``N`` agents that step together and reset by themselves.

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
    agent_noun: str
    """What one agent is called, e.g. ``predator``."""
    frames_per_second: float
    """At which an episode is shown."""

    @property
    def reward_threshold(self) -> float | None:
        """Mean return from which the task counts as solved; None if it states none."""
        ...

    @property
    def symmetries(self) -> Symmetries | None:
        """Changes of the world under which it stays the same game, for augmentation; None if none are known."""
        ...

    @property
    def progress(self) -> Mapping[str, float]:
        """What of the environment changes as training goes on, for the log, e.g. the stage of a curriculum."""
        ...

    def reset(self, seed: int) -> Observation:
        """Begins an episode in every copy. The same seed gives the same episodes."""
        ...

    def step(self, action: dict[str, Tensor]) -> Step:
        """Takes one action a class, ``[B, N_c]`` or ``[B, N_c, A]``, and moves every copy on."""
        ...

    def state(self) -> State | None:
        """Everything that is needed to go on from here, random generators included.

        None if it cannot be stored; then a resumed training begins its episodes anew.
        """
        ...

    def load_state(self, state: State) -> None:
        """Goes on from a state that `state` gave."""
        ...

    def scripted(self) -> Mapping[str, Actor]:
        """Hand-written reference policies by name."""
        ...

    def scene(self, copy: int = 0) -> Scene | Picture:
        """The present moment of one copy.

        Raises:
            UndrawableError: if this task cannot be drawn.
        """
        ...

    def close(self) -> None:
        """Frees what the copies hold."""
        ...


class Task(Protocol):
    """What an entry point of the group ``marl.environments`` names: a kind of environment."""

    @property
    def config_type(self) -> type[Config]:
        """Its settings; the field ``name`` is the entry point's name."""
        ...

    changeable: frozenset[str]
    """Settings that may differ from training without changing what a policy's features mean."""

    policies: Mapping[str, Path]
    """Trained policies that come with the task: by name the folder of each."""

    def describe(self, config: Config) -> dict[str, Any]:
        """The settings that say what was played, for tables and JSON, by name."""
        ...

    def sides(self, config: Config) -> tuple[str, str]:
        """The side that learns and the side that it meets, e.g. ``("predators", "prey")``.

        The settings have a field named as the latter, which says by a name or the folder of a run who
        plays it, and one with ``training_`` before it, a list that training draws from.

        Raises:
            ConfigError: if the task has only one side.
        """
        ...

    def make(
        self, config: Config, num_copies: int, training: bool = False, device: torch.device | str = "cpu"
    ) -> Environment:
        """Makes the environment that a configuration describes.

        Args:
            config: of type ``config_type``.
            num_copies: ``B``.
            training: whether disturbances meant for training only are active.
            device: where the tensors live.
        """
        ...
