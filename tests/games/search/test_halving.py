from __future__ import annotations

from marl.games.search.halving import considered_visits


def test_a_schedule_worked_out_by_hand() -> None:
    """Four actions and eight simulations: two rounds of four, so each of four once, then each of two twice."""
    assert considered_visits(4, 8)[4].tolist() == [0, 0, 0, 0, 1, 1, 2, 2]


def test_rounds_that_do_not_fit_search_each_action_once() -> None:
    """Five actions and six simulations: three rounds, the first of five, and one of the next."""
    assert considered_visits(5, 6)[5].tolist() == [0, 0, 0, 0, 0, 1]


def test_what_is_left_over_goes_to_the_last_two() -> None:
    """Three actions and nine simulations: two rounds; once each, as 9 / (2 3) = 1.5; then twice each, and again."""
    assert considered_visits(3, 9)[3].tolist() == [0, 0, 0, 1, 1, 2, 2, 3, 3]


def test_a_single_action_has_all_simulations() -> None:
    assert considered_visits(1, 3).tolist() == [[0, 1, 2], [0, 1, 2]]
    assert considered_visits(2, 0).shape == (3, 0)
