from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from marl.core.errors import ConfigError
from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.players.tournament.plan import TournamentPlan, opening_of, rounds_of, seed_of

Planned = Callable[..., TournamentPlan]


def test_every_pair_plays_every_opening_from_both_seats(planned: Planned) -> None:
    plan = planned("random first rules", games=10)
    assert (plan.seatings, plan.openings) == (2, 5)
    games = Counter((each.opening, seats) for each in rounds_of(plan) for seats in each.seatings)
    pairs = [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)]
    assert games == {(opening, pair): 1 for opening in range(5) for pair in pairs}
    openings = [each.opening for each in rounds_of(plan)]
    assert openings == sorted(openings)  # a tournament that is stopped has whole openings


def test_in_a_game_of_three_every_three_play_from_all_seats(planned: Planned) -> None:
    plan = planned("random first uct:1 uct:2", games=12, game="three_marks")
    assert (plan.seatings, plan.openings) == (6, 2)
    games = Counter(seats for each in rounds_of(plan) for seats in each.seatings)
    assert len(games) == 4 * 6
    assert set(games.values()) == {2}
    assert all(len(set(seats)) == 3 for seats in games)


def test_classic_lets_negamax_begin_against_all_others_after_a_drawn_action(planned: Planned) -> None:
    plan = planned("uct:1 negamax:9 random negamax:2", games=3, classic=True)
    assert [each.seatings for each in rounds_of(plan)] == [((1, 0),), ((1, 2),), ((3, 0),), ((3, 2),)] * 3
    assert all(spec.plain and spec.ties == "random" for spec in plan.players)
    assert all(spec.ties == "first" for spec in planned("uct:1 negamax:9", classic=True, ties="first").players)
    assert all(not spec.plain and spec.ties == "soonest" for spec in planned("uct:1 negamax:9").players)
    first = {opening_of(TicTacToe(), plan, number).cells for number in range(60)}
    assert first == {(1 << cell, 0) for cell in range(9)}


def test_openings_are_drawn_among_all_legal_actions_and_never_over(planned: Planned) -> None:
    plan = planned(plies=2)
    drawn = Counter(opening_of(TicTacToe(), plan, number) for number in range(2000))
    assert len(drawn) == 72
    # 99.9 % of chi-square with 71 degrees of freedom
    assert sum((number - 2000 / 72) ** 2 / (2000 / 72) for number in drawn.values()) < 113.6
    plan = planned(plies=8)
    for number in range(30):
        position: Any = opening_of(TicTacToe(), plan, number)
        assert (position.cells[0] | position.cells[1]).bit_count() == 8
        assert not position.over
    assert opening_of(TicTacToe(), planned(plies=0), 3) == TicTacToe()


def test_openings_depend_on_seed_and_number_alone(planned: Planned) -> None:
    openings = [opening_of(ThreeMarks(), planned(plies=3, seed=seed), number) for seed in (1, 2) for number in (0, 1)]
    again = [
        opening_of(ThreeMarks(), planned("uct:1 rules", games=2, plies=3, seed=seed), number)
        for seed in (1, 2)
        for number in (0, 1)
    ]
    assert openings == again
    assert len(set(openings)) == 4


def test_seeds_of_different_parts_have_nothing_in_common() -> None:
    seeds = {seed_of(*parts) for parts in [(0, "a", 1), (0, "a", 2), (1, "a", 1), (0, "b", 1), (0, ("a", 1))]}
    assert len(seeds) == 5
    assert seed_of(0, ("uct:1", "uct:2"), 5, 1) == seed_of(0, ("uct:1", "uct:2"), 5, 1)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"players": "random uct:1 random"}, "player 'random' is named twice"),
        ({"players": "uct:01 uct:1"}, "player 'uct:1' is named twice"),
        ({"players": "random human"}, "player 'human' plays no tournaments; there is marl play"),
        ({"players": "random"}, "tic_tac_toe needs at least 2 players; there is 1"),
        (
            {"players": "random first", "game": "three_marks", "games": 6},
            "three_marks needs at least 3 players; there is 2",
        ),
        ({"players": "random rules", "game": "connect_four"}, "'rules' knows .* cannot play connect_four"),
        ({"games": 0}, "games is 0; give a multiple of 2"),
        ({"games": 7}, "games is 7; give a multiple of 2, in which each opening is played from all seats"),
        (
            {"games": 999_999_999_998},
            "games is 999,999,999,998 for each of 1 groups .* give at most 10,000,000 in all",
        ),
        (
            {"players": " ".join(f"uct:{i}" for i in range(1, 5001)), "games": 2},
            "games is 2 for each of 12,497,500 groups of players; give at most 10,000,000 in all",
        ),
        ({"seed": 2**64}, "seed is 18446744073709551616; give at most 4,294,967,295"),
        ({"seed": -1}, "seed is -1; give at least 0"),
        ({"plies": 9}, "opening_plies is 9, after which games of tic_tac_toe are over; give fewer"),
        ({"classic": True}, "classic lets negamax begin against others; name a negamax"),
        ({"classic": True, "players": "negamax:1 negamax:2"}, "classic lets negamax begin against others"),
        ({"classic": True, "players": "random first uct:1", "game": "three_marks"}, "classic is for games of two"),
        ({"game": "go"}, "there is no game 'go'"),
    ],
)
def test_what_cannot_be_played_is_refused_before_it_begins(
    settings: dict[str, Any], error: str, planned: Planned
) -> None:
    with pytest.raises(ConfigError, match=error):
        planned(**settings)
