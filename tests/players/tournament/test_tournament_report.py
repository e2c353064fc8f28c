from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest

from marl.players.tournament.games import FinishedGame
from marl.players.tournament.plan import TournamentPlan
from marl.players.tournament.tournament_report import Outcomes, points_of, tournament_report

Planned = Callable[..., TournamentPlan]


def game(opening: int, seats: tuple[int, ...], *returns: float, seconds: tuple[float, ...] = ()) -> FinishedGame:
    return FinishedGame(opening, seats, returns, (4,) * len(seats), seconds or (0.25,) * len(seats))


def test_counts_shares_and_times_are_those_of_the_games(planned: Planned) -> None:
    """Six games: the first player won two as the first, one as the second, drew two and lost one as the second."""
    plan = planned("uct:1 random", games=6)
    played = [
        game(0, (0, 1), 1.0, -1.0),
        game(0, (1, 0), 1.0, -1.0),
        game(1, (0, 1), 1.0, -1.0, seconds=(2.0, 1.0)),
        game(1, (1, 0), -1.0, 1.0),
        game(2, (0, 1), 0.0, 0.0),
        game(2, (1, 0), 0.0, 0.0),
    ]
    report = tournament_report(plan, played)
    (pair,) = report.pairs
    assert (pair.first, pair.second, pair.games) == ("uct:1", "random", 6)
    assert (pair.outcomes, pair.score) == (Outcomes(won=3, lost=1, drawn=2), pytest.approx(4 / 6))
    assert pair.by_seat == (Outcomes(won=2, lost=0, drawn=1), Outcomes(won=1, lost=1, drawn=1))
    assert pair.seconds_per_game == pytest.approx((5 * 0.5 + 3.0) / 6)
    # 4 of 6 and 1 of 6, as scipy.stats.binomtest gives them
    assert pair.score_ci95 == pytest.approx((0.3000, 0.9032), abs=5e-5)
    assert pair.as_json()["lost_ci95"] == pytest.approx([0.0301, 0.5635], abs=5e-5)
    best, other = report.players
    assert (best.player, other.player) == ("uct:1", "random")
    assert best.elo - other.elo == pytest.approx(400 * math.log10(4.5 / 2.5))
    assert (best.score, best.games) == (pytest.approx(4 / 6), 6)
    assert best.seconds_per_move == pytest.approx((5 * 0.25 + 2.0) / 24)
    assert None not in best.elo_ci95
    assert (report.games_played, report.games_planned) == (6, 6)


def test_the_json_of_a_report_has_results_first_and_settings_after_them(planned: Planned) -> None:
    """Fields of the record under the names that files have had from the start, in their order."""
    plan = planned("uct:1 random", games=2)
    told = tournament_report(plan, [game(0, (0, 1), 1.0, -1.0), game(0, (1, 0), -1.0, 1.0)]).as_json()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    settings = ["games_of_each_group", "openings", "classic", "negamax_ties", "seed", "games_played", "games_planned"]
    assert list(told) == ["game", "players", "pairs", *settings, "elo_prior_drawn_games", "version"]
    assert told["openings"] == {"plies_drawn": 2, "seatings_of_each": 2}
    assert list(told["players"][0]) == ["player", "elo", "elo_ci95", "score", "games", "seconds_per_move"]
    (pair,) = told["pairs"]
    shares = ["score", "score_ci95", "won_ci95", "lost_ci95", "drawn_ci95"]
    assert list(pair) == [
        *["first", "second", "games", "won", "lost", "drawn", *shares],
        *["seconds_per_game", "by_seat_of_first"],
    ]
    assert [pair[name] for name in ("games", "won", "lost", "drawn", "score")] == [2, 2, 0, 0, 1.0]
    assert pair["by_seat_of_first"] == [{"won": 1, "lost": 0, "drawn": 0}] * 2


def test_who_won_all_has_no_upper_end(planned: Planned) -> None:
    report = tournament_report(
        planned("uct:1 random", games=2), [game(0, (0, 1), 1.0, -1.0), game(0, (1, 0), -1.0, 1.0)]
    )
    best, other = report.players
    (low, high), (lowest, _) = best.elo_ci95, other.elo_ci95
    assert (high, lowest) == (None, None)
    assert low is not None
    assert low < best.elo == pytest.approx(200 * math.log10(5))


def test_in_a_game_of_three_two_who_lost_alike_drew(planned: Planned) -> None:
    plan = planned("random first uct:1", games=6, game="three_marks")
    played = [game(0, (2, 0, 1), -0.5, 1.0, -0.5), game(0, (0, 1, 2), -0.5, -0.5, 1.0)]
    pairs = {(pair.first, pair.second): pair for pair in tournament_report(plan, played).pairs}
    assert [pair.outcomes for pair in pairs.values()] == [Outcomes(1, 0, 1), Outcomes(1, 1, 0), Outcomes(0, 1, 1)]
    assert pairs["random", "first"].by_seat == (Outcomes(drawn=1), Outcomes(won=1), Outcomes())
    points = [[0, 1.5, 1], [0.5, 0, 0.5], [1, 1.5, 0]]
    assert np.array_equal(points_of(plan, played), [points])


def test_a_stopped_tournament_counts_what_was_played(planned: Planned) -> None:
    plan = planned("random first rules", games=100)
    report = tournament_report(plan, [game(7, (0, 1), 1.0, -1.0), game(7, (1, 0), 1.0, -1.0)])
    assert [(pair.first, pair.second, pair.games) for pair in report.pairs] == [("random", "first", 2)]
    assert (report.games_played, report.games_planned) == (2, 300)
    rules = next(player for player in report.players if player.player == "rules")
    assert rules.elo_ci95 == (None, None)
    assert (rules.score, rules.seconds_per_move, rules.games) == (None, None, 0)


def test_classic_pairs_are_those_that_meet(planned: Planned) -> None:
    plan = planned("negamax:1 uct:1 random", games=1, classic=True)
    report = tournament_report(plan, [game(0, (0, 1), 1.0, -1.0), game(0, (0, 2), 0.0, 0.0)])
    assert [(pair.first, pair.second) for pair in report.pairs] == [
        ("negamax:1", "uct:1"),
        ("negamax:1", "random"),
    ]
