from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from marl.core.game import Game
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.search.result import ActionStatistics
from marl.players.game_film import Moment, play_moments, sheet
from marl.players.player import View


class FirstCell:
    """Plays the first free cell, and says that it searched it once."""

    def __init__(self) -> None:
        self.last: View | None = None

    def choose(self, game: Game) -> int:
        action = game.legal[0]
        self.last = View(game, action, 1, "simulations", (ActionStatistics(action, 1, (0.0, 0.0), False),), (action,))
        return action

    def view(self) -> View | None:
        return self.last


def played(random_moves: int, seed: int = 0) -> list[Moment]:
    generator, searches = np.random.default_rng(seed), list[None]()
    moments = list(play_moments(TicTacToe(), FirstCell(), random_moves, generator, lambda: searches.append(None)))
    assert len(searches) == len(moments) - 1
    return moments


def test_each_position_comes_with_what_was_searched_there() -> None:
    """Cells in order: X takes 0, 2, 4, 6, the first column, the middle and a corner, and wins with a diagonal."""
    moments = played(0)
    assert [each.game.legal[0] for each in moments[:-1]] == [each.statistics[0].action for each in moments[:-1]]
    assert moments[0].before is None and moments[0].game == TicTacToe()
    assert all(after.before == before.game for before, after in pairwise(moments))
    assert moments[-1].game.over and moments[-1].game.returns == (1.0, -1.0) and moments[-1].statistics == ()


def test_a_game_begins_after_its_opening_whose_last_move_is_known() -> None:
    moments = played(2, seed=3)
    assert sum(map(int.bit_count, moments[0].game.cells)) == 2  # type: ignore[attr-defined]
    assert sum(map(int.bit_count, moments[0].before.cells)) == 1  # type: ignore[union-attr]


def test_a_sheet_has_the_first_position_two_between_and_the_last() -> None:
    """Of 8 positions the numbers 0, 2, 5 and 7; each picture has a white rim of 8 pixels."""
    moments = played(0)
    assert len(moments) == 8
    picture, height = sheet(moments, 90), moments[0].picture(90).shape[0]
    assert picture.shape == (2 * (height + 16), 2 * (90 + 16), 3)
    for place, number in enumerate((0, 2, 5, 7)):
        top, left = place // 2 * (height + 16) + 8, place % 2 * (90 + 16) + 8
        assert np.array_equal(picture[top : top + height, left : left + 90], moments[number].picture(90))


def test_watching_may_end_it() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        next(play_moments(TicTacToe(), FirstCell(), 0, np.random.default_rng(0), stop))
