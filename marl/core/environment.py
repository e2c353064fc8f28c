"""Environments as collectors, evaluations and pictures use them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

from marl.core.records import Observation, Step
from marl.core.roster import Roster
from marl.core.scene import Picture, Scene
from marl.core.symmetry import Symmetries

__all__ = ["Environment", "Numbered", "Opposed", "Presentable", "Resumable", "Rule", "State", "TaskEnvironment"]

State = dict[str, Any]
"""Nested dicts of tensors, numbers, strings and None, as checkpoints store them."""

Rule = Callable[[Observation, torch.Generator], dict[str, Tensor]]
"""A memoryless policy: from observation and generator to one action tensor a class."""


class Environment(Protocol):
    """``B`` copies of a task for ``N`` agents that step together and reset by themselves, as a collector needs them.

    A single-agent task is ``N = 1``. All tensors live on ``device``.
    """

    roster: Roster
    num_copies: int
    device: torch.device
    events: Mapping[str, str]
    """Names in ``Step.info`` that count events, and the singular of each, e.g. ``contacts`` and ``contact``; logs give
    the share of episodes with at least one."""
    per_step: frozenset[str]
    """Names in ``Step.info`` that are averaged over the steps at which an agent is alive; all others are summed."""
    numbered: bool
    """True for a `Numbered` environment."""

    @property
    def metrics(self) -> Mapping[str, float]:
        """Metrics of the environment's own schedule, such as the curriculum stage."""
        ...

    def reset(self, seed: int) -> Observation:
        """Begin an episode in every copy. The same seed gives the same episodes."""
        ...

    def step(self, action: dict[str, Tensor]) -> Step:
        """Take one action a class, ``[B, N_c]`` or ``[B, N_c, A]``, and step every copy."""
        ...

    def close(self) -> None:
        """Free the resources of all copies."""
        ...


class Numbered(Environment, Protocol):
    """Environment whose copies play episodes by number: copy ``i`` those of number ``i``, ``i + B``, ``i + 2 B``, ...

    Each has its own seed, see `marl.core.seeding.episode_seed`, so that it is the same whichever copy plays it. A copy
    costs memory of its own.
    """

    def restart(self, copies: Tensor) -> Observation:
        """Begin the next episode in some copies, ``[B]``, before theirs has ended; True for one at least."""
        ...


class Resumable(Environment, Protocol):
    """Environment whose state a checkpoint stores."""

    def state(self) -> State | None:
        """State from which the environment can go on exactly, random generators included.

        None if it cannot be stored; a resumed training then begins new episodes.
        """
        ...

    def load_state(self, state: State) -> Observation | None:
        """Go on from a state that `state` returned.

        Returns:
            None, or first observations where the state has no running episodes, and each copy begins its next.
        """
        ...


class Presentable(Environment, Protocol):
    """Environment that can be drawn."""

    frames_per_second: float
    """Frames per second at which an episode is shown."""

    def scene(self, copy: int = 0, at_end: bool = False) -> Scene | Picture:
        """Scene of one copy.

        Args:
            copy: number of the copy.
            at_end: False for the present moment; True for that in which its latest episode ended, before the reset.
                It is known once a scene was asked for in the episode: nothing is drawn in training.

        Raises:
            UndrawableError: if this task cannot be drawn.
            PictureError: if this picture cannot.
        """
        ...


class Opposed(Presentable, Protocol):
    """Environment that plays one side itself; who plays it may be replaced between two steps."""

    opponents: Any
    """Chooses that side's discrete actions ``[B, P]`` when called with world and generator; has ``begin``, called with
    the copies ``[B]`` that begin an episode and the generator, ``state`` and ``load_state``."""


class TaskEnvironment(Resumable, Presentable, Protocol):
    """Environment of a `Task`: for training, storing and drawing, with references to compare with."""

    agent_noun: str
    """Word for one agent, e.g. ``predator``."""

    @property
    def reward_threshold(self) -> float | None:
        """Mean return from which the task counts as solved; None if it states none."""
        ...

    @property
    def symmetries(self) -> Symmetries | None:
        """Symmetries of the task, for augmentation; None if none are known."""
        ...

    def scripted(self) -> Mapping[str, Rule]:
        """Hand-written reference policies by name."""
        ...
