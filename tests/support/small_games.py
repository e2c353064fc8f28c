"""Small games by Python rules, offered as an installed package would offer them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import numpy as np
import pytest
from heap_game import Heap
from numpy.typing import NDArray

from marl.core.game import as_action, check_legal, play_out

__all__ = ["Cells", "Stones", "offer_games", "small_games"]


@dataclass(frozen=True)
class Stones(Heap):
    """A heap whose size is seen: two take one or two in turn, who takes the last wins."""

    left: int = 5

    name = "stones"
    observation_shape = (6,)

    def play(self, action: int) -> Stones:
        after = super().play(action)
        return Stones(after.left, after.mover)

    def observe(self, seat: int) -> NDArray[np.int8]:
        return np.eye(6, dtype=np.int8)[self.left]


@dataclass(frozen=True)
class Cells:
    """Players mark the cells of a board in turn, until all are marked; the owner of the first cell wins.

    Args:
        shape: of an observation: a plane of each player's cells, the observer's first.
        players: number of players.
        first: True if the axis of the planes is the first, or there is one axis alone.
        turns: True if each second move has actions of its own.
        owner: seat that marked each cell, -1 for none.
    """

    shape: tuple[int, ...] = (2, 3, 2)
    players: int = 2
    first: bool = False
    turns: bool = False
    owner: tuple[int, ...] = (-1,) * 6

    name = "cells"

    @classmethod
    def variant(cls, text: str) -> Cells:
        shapes = {"last": (2, 3, 2), "first": (2, 3, 3), "cube": (3, 3, 3), "flat": (12,), "turns": (2, 3, 2)}
        if text not in shapes:
            raise ValueError(f"there is {', '.join(shapes)}")
        shape, players = shapes[text], 3 if text == "cube" else 2
        size = int(np.prod(shape)) // players
        return cls(shape, players, text in ("first", "flat"), text == "turns", (-1,) * size)

    @property
    def num_players(self) -> int:
        return self.players

    @property
    def num_actions(self) -> int:
        return len(self.owner) * (1 + self.turns)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return self.shape

    @property
    def phases(self) -> tuple[tuple[int, ...], ...] | None:
        cells = len(self.owner)
        return (tuple(range(cells)), tuple(range(cells, 2 * cells))) if self.turns else None

    @property
    def _played(self) -> int:
        return sum(owner >= 0 for owner in self.owner)

    @property
    def phase(self) -> int:
        return self._played % 2 if self.turns else 0

    @property
    def mover(self) -> int:
        return self._played % self.players

    @property
    def over(self) -> bool:
        return self._played == len(self.owner)

    @property
    def legal(self) -> tuple[int, ...]:
        return tuple(cell + self.phase * len(self.owner) for cell, owner in enumerate(self.owner) if owner < 0)

    @property
    def returns(self) -> tuple[float, ...]:
        lost = -1.0 / (self.players - 1)
        return tuple((1.0 if seat == self.owner[0] else lost) if self.over else 0.0 for seat in range(self.players))

    def play(self, action: int) -> Cells:
        action = as_action(self, action)
        check_legal(self, action, None if action in self.legal else "it is marked, or the other kind's turn")
        cell = action % len(self.owner)
        return replace(self, owner=(*self.owner[:cell], self.mover, *self.owner[cell + 1 :]))

    def rollout(self, draw: Callable[[], float]) -> tuple[float, ...]:
        return play_out(self, draw)

    @classmethod
    def kernels(cls) -> None:
        return None

    def observe(self, seat: int) -> NDArray[np.int8]:
        seats = (seat + np.arange(self.players)) % self.players
        planes = (np.array(self.owner) == seats[:, None]).astype(np.int8)
        return (planes if self.first else planes.T).reshape(self.shape).copy()


def offer_games(patch: pytest.MonkeyPatch) -> None:
    """Offer `Cells` and `Stones` by their names, beside the games that are there."""
    kinds = {"cells": "small_games:Cells", "stones": "small_games:Stones"}
    own = [EntryPoint(name, value, "marl.games") for name, value in kinds.items()]

    def found(group: str) -> list[Any]:
        return [*entry_points(group=group), *(entry for entry in own if entry.group == group)]

    patch.setattr("marl.core.entry_points.entry_points", found)


@pytest.fixture(scope="module")
def small_games() -> Iterator[None]:
    """Both games by their names."""
    with pytest.MonkeyPatch.context() as patch:
        offer_games(patch)
        yield


def stones_env(render_mode: str | None = None) -> Any:
    """`Stones` as an environment that knows nothing of games."""
    from marl.games.turn_based import to_aec

    return to_aec(Stones(), render_mode)
