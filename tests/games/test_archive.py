from __future__ import annotations

import numpy as np
from heap_game import Heap

from marl.games.archive import Archive
from marl.games.python_positions import PythonPositions


def test_the_latest_positions_are_kept_whatever_the_number_of_moves_that_led_to_them() -> None:
    archive = Archive(0.5, 3)
    for states in ([[0], [1]], [[0, 1]], [[1]]):
        archive.add(np.array(states))
    assert archive.states.tolist() == [[1, -1], [0, 1], [1, -1]]


def test_a_share_of_the_games_begins_in_one_of_them_drawn_evenly() -> None:
    """Of 900 games a quarter in three positions of a heap, 75 in each; the tolerance is four deviations."""
    first = Heap(9)
    positions, archive = PythonPositions([first] * 901), Archive(0.25, 10)
    archive.add(np.array([[0, -1], [1, -1], [1, 1]]))  # of one, two and four stones
    others = archive.begin(positions, np.arange(1, 901), np.random.default_rng(1))
    left = [game.left for game in positions.games]
    assert left[0] == 9 and all(left[place] == 9 for place in others)
    found = [left[1:].count(number) for number in (8, 7, 5)]
    assert sum(found) == 900 - len(others)
    assert all(abs(count - 75) < 4 * (900 / 12 * 11 / 12) ** 0.5 for count in found)
    assert PythonPositions([first]).state().shape[1] == 0 and positions.state().shape[1] == 2


def test_without_positions_no_game_begins_in_it_and_nothing_is_drawn() -> None:
    generator = np.random.default_rng(1)
    assert Archive(0.9, 3).begin(PythonPositions([Heap(3)] * 2), np.arange(2), generator).tolist() == [0, 1]
    assert generator.random() == np.random.default_rng(1).random()
