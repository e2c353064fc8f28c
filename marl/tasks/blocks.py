"""Blocks of copies of an environment that step together, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from marl.core.roster import ImageSpec, Roster
from marl.tasks.episode_seeds import EpisodeSeeds
from marl.tasks.guard import Guard

__all__ = ["Block", "Flags", "Moved", "Seen"]

Flags = NDArray[np.bool_]


class StateShape(Protocol):
    """Shape and data type of an environment's own state."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


@dataclass
class Seen:
    """Perceptions of the agents of ``B`` copies. Agents that are absent, or not to move, have zeros and all actions.

    Args:
        features: for each class ``[B, N_c, D_c]``.
        masks: for each class ``[B, N_c, A]``, True = legal; empty where nobody gives any.
        fields: further parts of observations, ``[B, N, ...]``.
        alive: ``[B, N]``.
        acting: ``[B, N]``, True for who is to move.
        images: ``[B, N_c, C, H, W]`` by name, see `AgentClass.named_images`; in memory a place's channels are side by
            side.
        state: ``[B, D]`` or ``[B, C, H, W]``, see `marl.core.records.Observation`; or None.
    """

    features: dict[str, NDArray[Any]]
    masks: dict[str, Flags]
    fields: dict[str, NDArray[Any]]
    alive: Flags
    acting: Flags
    images: dict[str, NDArray[Any]] = field(default_factory=dict)
    state: NDArray[Any] | None = None

    @classmethod
    def blank(
        cls,
        copies: int,
        roster: Roster,
        fields: Mapping[str, tuple[int, ...]] = MappingProxyType({}),
        masked: bool = True,
        state: StateShape | None = None,
    ) -> Seen:
        """Perceptions of nobody.

        Args:
            copies: ``B``.
            roster: the agents.
            fields: shape of each field for one agent.
            masked: True for masks of all actions.
            state: shape and data type of a copy's state; None without.
        """
        counts = [(c, n) for c, n in zip(roster.classes, roster.counts, strict=True) if n]
        alive = np.zeros((copies, roster.size), bool)
        return cls(
            {c.name: np.zeros((copies, n, c.feature_size), c.dtype) for c, n in counts},
            {c.name: np.ones((copies, n, c.action.size), bool) for c, n in counts} if masked else {},
            {name: np.zeros((copies, roster.size, *shape), np.float32) for name, shape in fields.items()},
            alive,
            alive.copy(),
            {name: _blank_images(image, (copies, n)) for c, n in counts for name, image in c.named_images.items()},
            None if state is None else np.zeros((copies, *state.shape), state.dtype),
        )

    def copy(self) -> Seen:
        """The same in memory of its own."""
        return Seen(
            {kind: array.copy() for kind, array in self.features.items()},
            {kind: mask.copy() for kind, mask in self.masks.items()},
            {name: array.copy() for name, array in self.fields.items()},
            self.alive.copy(),
            self.acting.copy(),
            {kind: array.copy("K") for kind, array in self.images.items()},
            None if self.state is None else self.state.copy(),
        )


@dataclass(frozen=True)
class Moved:
    """Result of a step of ``B`` copies; see `marl.core.records.Step`.

    Args:
        successor: of the step, also where an episode ended or an agent left.
        seen: to act on next.
        reward, terminated, truncated: ``[B, N]``.
        measured: numbers in the infos by name, ``[B, N]``.
    """

    successor: Seen
    seen: Seen
    reward: NDArray[np.float64]
    terminated: Flags
    truncated: Flags
    measured: dict[str, NDArray[np.float32]]

    @property
    def ended(self) -> Flags:
        """True for copies whose episode is over, ``[B]``."""
        return np.logical_and.reduce(self.terminated | self.truncated, axis=1)


class Block(Protocol):
    """``B`` copies as arrays. A copy whose episode ends begins its next.

    Raises:
        EnvironmentFailedError: by all methods, if a copy fails or gives what cannot be used.
    """

    masked: bool
    """True once masks of legal actions are given."""
    seen: Seen
    """Perceptions to act on next."""

    @property
    def guards(self) -> Sequence[Guard]:
        """Guards of the calls in this process."""
        ...

    def reset(self, seeds: Sequence[EpisodeSeeds] | None = None) -> Seen:
        """Begin the next episode in every copy; with ``seeds``, of these series."""
        ...

    def restart(self, copies: Flags) -> Seen:
        """Begin the next episode in some copies, ``[B]``."""
        ...

    def step(self, actions: Mapping[str, NDArray[Any]]) -> Moved:
        """Step every copy with actions ``[B, N_c]`` or ``[B, N_c, A]`` of each class."""
        ...

    def scene(self, copy: int, at_end: bool) -> Any:
        """Scene or picture of one copy, or the `PictureError` why there is none; see `Scenes`."""
        ...

    def close(self) -> None:
        """Close every copy."""
        ...


def _blank_images(image: ImageSpec, leading: tuple[int, ...]) -> NDArray[Any]:
    """``[B, N_c, C, H, W]``; in memory as most environments have them, so that they are written without turning."""
    channels, height, width = image.shape
    return np.moveaxis(np.zeros((*leading, height, width, channels), image.dtype), -1, -3)
