"""The choice of an action by its statistics."""

from __future__ import annotations

from marl.games.search.result import ActionStatistics as Statistics
from marl.games.search.result import most_visited, statistics_of


def test_means_are_between_minus_one_and_one_and_a_proven_total_is_the_outcome() -> None:
    assert statistics_of(3, 4, (1.0, 3.0), False) == Statistics(3, 4, (-0.5, 0.5), False)
    assert statistics_of(3, 4, (0.5, 0.5), True) == Statistics(3, 4, (0.0, 0.0), True)
    assert statistics_of(3, 0, (0.0, 0.0), False) == Statistics(3, 0, (0.0, 0.0), False)


def test_what_was_visited_most_is_played() -> None:
    assert most_visited([Statistics(0, 5, (0.9, -0.9), False), Statistics(1, 6, (0.1, -0.1), False)], 0).action == 1


def test_a_proven_win_is_played_however_rarely_it_was_visited() -> None:
    known = [Statistics(0, 500, (0.99, -0.99), False), Statistics(1, 1, (1.0, -1.0), True)]
    assert most_visited(known, 0).action == 1


def test_a_proven_loss_is_not_played_however_often_it_was_visited() -> None:
    known = [Statistics(0, 500, (-1.0, 1.0), True), Statistics(1, 3, (-0.9, 0.9), False)]
    assert most_visited(known, 0).action == 1
    assert most_visited(known, 1).action == 0


def test_a_proven_draw_is_played_before_what_promises_less() -> None:
    draw = Statistics(0, 2, (0.0, 0.0), True)
    assert (
        most_visited([draw, Statistics(1, 90, (-0.1, 0.1), False), Statistics(2, 9, (0.5, -0.5), False)], 0).action == 0
    )
    assert most_visited([draw, Statistics(1, 90, (0.1, -0.1), False)], 0).action == 1


def test_of_proven_actions_the_best_for_the_seat_that_moves_is_played() -> None:
    known = [
        Statistics(0, 9, (-1.0, 1.0, 0.0), True),
        Statistics(1, 1, (0.5, -1.0, 0.5), True),
        Statistics(2, 5, (0.0, 0.0, 1.0), True),
    ]
    assert [most_visited(known, seat).action for seat in range(3)] == [1, 0, 2]
