"""How an action is chosen by what is known."""

from __future__ import annotations

from marl.games.search.result import Line, line_of, most_visited


def test_means_are_between_minus_one_and_one_and_a_proven_total_is_the_outcome() -> None:
    assert line_of(3, 4, (1.0, 3.0), False) == Line(3, 4, (-0.5, 0.5), False)
    assert line_of(3, 4, (0.5, 0.5), True) == Line(3, 4, (0.0, 0.0), True)
    assert line_of(3, 0, (0.0, 0.0), False) == Line(3, 0, (0.0, 0.0), False)


def test_what_was_visited_most_is_played() -> None:
    assert most_visited([Line(0, 5, (0.9, -0.9), False), Line(1, 6, (0.1, -0.1), False)], 0).action == 1


def test_a_proven_win_is_played_however_rarely_it_was_visited() -> None:
    lines = [Line(0, 500, (0.99, -0.99), False), Line(1, 1, (1.0, -1.0), True)]
    assert most_visited(lines, 0).action == 1


def test_a_proven_loss_is_not_played_however_often_it_was_visited() -> None:
    lines = [Line(0, 500, (-1.0, 1.0), True), Line(1, 3, (-0.9, 0.9), False)]
    assert most_visited(lines, 0).action == 1
    assert most_visited(lines, 1).action == 0


def test_a_proven_draw_is_played_before_what_promises_less() -> None:
    draw = Line(0, 2, (0.0, 0.0), True)
    assert most_visited([draw, Line(1, 90, (-0.1, 0.1), False), Line(2, 9, (0.5, -0.5), False)], 0).action == 0
    assert most_visited([draw, Line(1, 90, (0.1, -0.1), False)], 0).action == 1


def test_of_proven_lines_the_best_for_the_seat_that_moves_is_played() -> None:
    lines = [Line(0, 9, (-1.0, 1.0, 0.0), True), Line(1, 1, (0.5, -1.0, 0.5), True), Line(2, 5, (0.0, 0.0, 1.0), True)]
    assert [most_visited(lines, seat).action for seat in range(3)] == [1, 0, 2]
