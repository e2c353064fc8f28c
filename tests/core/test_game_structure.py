from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from heap_game import Heap

from marl.core.errors import ConfigError
from marl.core.game_structure import (
    GameSymmetries,
    by_seat,
    part_actions_of,
    parts_of,
    phase_of,
    phases_of,
    seen_from,
    symmetries_of,
)

ONE = np.arange(1)[None]


class Named(Heap):
    """A heap with more to say."""

    phase = 1
    phases: Any = ((0,), (1,))
    symmetries: Any = GameSymmetries(np.repeat(ONE, 2, 0), np.array([[0, 1], [1, 0]]))


def test_a_game_that_says_nothing_has_one_phase_and_no_symmetries() -> None:
    assert phase_of(Heap()) == 0
    assert phases_of(Heap()) == ((0, 1),)
    assert symmetries_of(Heap()) is None


def test_what_a_game_says_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert phase_of(Named()) == 1
    assert phases_of(Named()) == ((0,), (1,))
    found = symmetries_of(Named())
    assert found is not None and found.order == 2
    monkeypatch.setattr(Named, "phases", ((0,), (0,)))
    with pytest.raises(ConfigError, match="heap: of its phases action 1 is in none; actions are 0 to 1"):
        phases_of(Named())
    monkeypatch.setattr(Named, "phases", ((0, 1), (2,)))
    with pytest.raises(ConfigError, match="heap: of its phases action 2 is not there"):
        phases_of(Named())
    monkeypatch.setattr(Named, "symmetries", GameSymmetries(np.arange(3)[None], np.arange(2)[None]))
    with pytest.raises(ConfigError, match="heap: its symmetries permute 3 entries and 2 actions; an observation has 1"):
        symmetries_of(Named())


@pytest.mark.parametrize(
    ("observation", "action", "message"),
    [
        ([[0, 1], [1, 1]], [[0], [0]], "observation has rows that are no permutations"),
        ([[0, 1], [1, 0]], [[0, 2]], "action has rows that are no permutations"),
        ([[1, 0], [0, 1]], [[0], [0]], "the first row of observation is not the identity"),
        ([[0, 1], [1, 0]], [[0]], "there are 2 of observation and 1 of action"),
    ],
)
def test_what_is_no_symmetry_is_refused(observation: Any, action: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GameSymmetries(np.array(observation), np.array(action))


def test_parts_are_places_in_an_observation(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="heap has no parts; take a trunk of kind mlp or conv"):
        parts_of(Heap())
    monkeypatch.setattr(Named, "observation_shape", (2, 3))
    for given in ([[0, 6]], [[-1, 0]], [0, 1]):
        monkeypatch.setattr(Named, "parts", given, raising=False)
        with pytest.raises(ConfigError, match=r"heap: parts has shape .*; give \[K, W\], places from 0 to 5"):
            parts_of(Named())
    monkeypatch.setattr(Named, "parts", ((0, 5), (3, 4)))
    assert parts_of(Named()).tolist() == [[0, 5], [3, 4]]


def test_actions_of_parts_are_as_many_for_each_and_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert part_actions_of(Heap()) is None
    monkeypatch.setattr(Named, "observation_shape", (2, 3))
    monkeypatch.setattr(Named, "parts", ((0, 5), (3, 4)), raising=False)
    last = Named().num_actions - 1
    for given in ([[0]], [[0], [1, 2]], [[0], [0]], [[0], [last + 1]]):
        monkeypatch.setattr(Named, "part_actions", given, raising=False)
        with pytest.raises(ConfigError, match=rf"part_actions is .*; give for each of its 2 parts .* 0 to {last}"):
            part_actions_of(Named())
    monkeypatch.setattr(Named, "part_actions", [[1], [0]])
    assert part_actions_of(Named()) == ((1,), (0,))


def test_each_mover_counts_from_itself() -> None:
    """Of three players' values 10, 20 and 30 by seat."""
    values, movers = np.array([[10.0, 20.0, 30.0]] * 3), np.arange(3)
    seen = [[10.0, 20.0, 30.0], [20.0, 30.0, 10.0], [30.0, 10.0, 20.0]]
    assert seen_from(values, movers).tolist() == seen
    assert by_seat(np.array(seen), movers).tolist() == values.tolist()


@pytest.mark.parametrize("players", [1, 2, 3, 5])
def test_by_seat_and_by_mover_undo_each_other(players: int) -> None:
    generator = np.random.default_rng(players)
    values, mover = generator.normal(size=(24, players)), generator.integers(players, size=24)
    assert np.array_equal(by_seat(seen_from(values, mover), mover), values)
    assert np.array_equal(seen_from(by_seat(values, mover), mover), values)
