from __future__ import annotations

import math

import numpy as np
import pytest

from marl.players.tournament.elo import bounded, elo_interval, elo_ratings


def table(**scores: float) -> np.ndarray:
    """Points by the names of players, e.g. ``ab=3``: a scored 3 against b."""
    names = sorted(set("".join(scores)))
    points = np.zeros((len(names), len(names)))
    for (row, column), score in scores.items():
        points[names.index(row), names.index(column)] = score
    return points


def test_two_players_are_as_far_apart_as_their_score_says() -> None:
    """29.5 to 9.5 and one drawn game more make 30 to 10: 400 log10 3 Elo."""
    ratings = elo_ratings(table(ab=29.5, ba=9.5))
    assert ratings.tolist() == pytest.approx([200 * math.log10(3), -200 * math.log10(3)])


def test_ratings_that_made_the_scores_are_found_again() -> None:
    known = np.array([250.0, 40.0, -90.0, -200.0])
    expected = 1 / (1 + 10 ** ((known[None] - known[:, None]) / 400))
    games = np.array([[0, 10, 300, 20], [10, 0, 70, 5], [300, 70, 0, 1000], [20, 5, 1000, 0]])
    points = np.where(games > 0, games * expected - 0.5, 0.0)
    assert elo_ratings(points).tolist() == pytest.approx(known.tolist(), abs=1e-4)
    assert elo_ratings(np.stack([points, points.T]))[1].tolist() == pytest.approx((-known).tolist(), abs=1e-4)


def test_who_won_all_is_rated_by_the_added_draw() -> None:
    """1,000 to 0 become 1,000.5 to 0.5."""
    ratings = elo_ratings(table(ab=1000, ba=0))
    assert ratings[0] - ratings[1] == pytest.approx(400 * math.log10(2001))


def test_a_chain_of_winners_is_rated_as_likely_as_can_be() -> None:
    """At the largest likelihood each player scores what its rating expects, with the added draws."""
    points = table(ab=10_000, bc=10_000, cd=10_000)
    chain = elo_ratings(points)
    scored = points + 0.5 - 0.5 * np.eye(4)
    expected = 1 / (1 + 10 ** ((chain[None] - chain[:, None]) / 400))
    assert scored.sum(1).tolist() == pytest.approx(((scored + scored.T) * expected).sum(1).tolist(), abs=1e-3)
    assert sorted(chain, reverse=True) == chain.tolist()
    assert chain.sum() == pytest.approx(0)


def test_who_never_played_is_rated_by_added_draws_alone() -> None:
    assert elo_ratings(np.zeros((3, 3))).tolist() == [0, 0, 0]


def test_ratings_without_an_end_are_known() -> None:
    """a and b beat each other and c; c and d draw; e has not played."""
    below, above = bounded(table(ab=1, ba=2, ac=3, bc=1, cd=0.5, dc=0.5))
    assert below.tolist() == [True, True, False, False]
    assert above.tolist() == [False, False, True, True]
    below, above = bounded(table(ab=1, bc=1))
    assert (below.tolist(), above.tolist()) == ([True, False, False], [False, False, True])
    below, above = bounded(table(ab=1, ba=1, ce=0))
    assert not below.any()
    assert not above.any()


def test_intervals_are_over_openings_not_over_games() -> None:
    """The first seat always wins: each opening brings each player one point, however often it is drawn again."""
    each = np.array([[0, 1.0], [1.0, 0]])
    assert elo_interval(np.stack([each] * 50), seed=0) == [(0, 0), (0, 0)]
    swings = np.stack([np.array([[0, 2.0], [0, 0]])] * 25 + [np.array([[0, 0], [2.0, 0]])] * 25)
    (low, high), other = elo_interval(swings, seed=0)
    assert other == pytest.approx((-high, -low))
    # 50 openings, share 0.5 with standard error 0.0707, 1.96 of which are 400 log10(0.639 / 0.361) / 2 = 49 Elo
    assert (low, high) == pytest.approx((-49, 49), abs=6)
    assert elo_interval(swings, seed=0) == [(low, high), other]


def test_who_won_all_has_no_upper_end_and_a_lower_one_below_the_rating() -> None:
    """60 to 0 and a draw: information 61 p (1 - p) with p = 60.5 / 61, of which half the square root is the error."""
    first, second = elo_interval(np.stack([table(ab=2, ba=0)] * 30), seed=0)
    rating = 200 * math.log10(121)
    error = 200 / math.log(10) / math.sqrt(61 * (60.5 / 61) * (0.5 / 61))
    assert first == (pytest.approx(rating - 1.96 * error, abs=0.1), None)
    assert second == (None, pytest.approx(-rating + 1.96 * error, abs=0.1))


def test_few_openings_do_not_give_an_interval_without_width() -> None:
    each = np.array([[0, 1.5], [0.5, 0]])
    (low, high), _ = elo_interval(np.stack([each] * 9), seed=0)
    # 13.5 of 18 and the added draw: a share of 14 / 19 and information 19 p (1 - p)
    rating, information = 200 * math.log10(14 / 5), 19 * (14 / 19) * (5 / 19)
    reach = 1.96 * 200 / math.log(10) / math.sqrt(information)
    assert (low, high) == pytest.approx((rating - reach, rating + reach), abs=0.1)


def test_one_opening_does_not_give_an_interval_without_width() -> None:
    (low, high), _ = elo_interval(table(ab=1, ba=1)[None], seed=0)
    assert low == pytest.approx(-high)
    # three games with the added draw: information 3 / 4
    assert high == pytest.approx(1.96 * 200 / math.log(10) / math.sqrt(0.75), abs=0.1)
