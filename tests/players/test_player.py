from __future__ import annotations

from collections.abc import Sequence

import pytest
from heap_game import Heap

from marl.core.game import Game
from marl.players import player
from marl.players.player import View, choose_all

HEAPS = [Heap(left) for left in (5, 4, 3, 2, 1)]


class Once:
    """Take as many as its number allows, in one position of its life."""

    def __init__(self, number: int) -> None:
        self.number, self.chosen = number, 0

    def choose(self, game: Game) -> int:
        self.chosen += 1
        assert self.chosen == 1
        return self.number % 2

    def view(self) -> View | None:
        return None


class Many(Once):
    """Take two where it can; tells how many positions it got at a time."""

    def __init__(self, number: int, sizes: list[int]) -> None:
        super().__init__(number)
        self.sizes = sizes
        assert number == 0

    def choose_many(self, games: Sequence[Game]) -> list[int]:
        self.sizes.append(len(games))
        return [game.legal[-1] for game in games]


def test_each_position_gets_a_player_of_its_own() -> None:
    assert list(choose_all(Once, HEAPS)) == [0, 1, 0, 1, 0]


def test_a_player_of_many_positions_gets_them_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player, "MOST_AT_ONCE", 3)
    sizes: list[int] = []
    assert list(choose_all(lambda number: Many(number, sizes), HEAPS)) == [1, 1, 1, 1, 0]
    assert sizes == [3, 2]


def test_actions_come_as_soon_as_they_are_chosen() -> None:
    made: list[int] = []

    def make(number: int) -> Once:
        made.append(number)
        return Once(number)

    actions = choose_all(make, HEAPS)
    assert [next(actions), next(actions)] == [0, 1]
    assert set(made) == {0, 1}
    assert list(choose_all(make, [])) == []
