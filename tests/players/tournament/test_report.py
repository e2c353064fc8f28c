from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from marl.players.tournament.games import Played
from marl.players.tournament.picture import save_picture
from marl.players.tournament.plan import Plan
from marl.players.tournament.report import points_of, report_of

Planned = Callable[..., Plan]


def game(opening: int, seats: tuple[int, ...], *returns: float, seconds: tuple[float, ...] = ()) -> Played:
    return Played(opening, seats, returns, (4,) * len(seats), seconds or (0.25,) * len(seats))


def test_counts_shares_and_times_are_those_of_the_games(planned: Planned) -> None:
    """Of six games the first player won two as the first, one as the second, drew two and lost one as the second."""
    plan = planned("uct:1 random", games=6)
    played = [
        game(0, (0, 1), 1.0, -1.0),
        game(0, (1, 0), 1.0, -1.0),
        game(1, (0, 1), 1.0, -1.0, seconds=(2.0, 1.0)),
        game(1, (1, 0), -1.0, 1.0),
        game(2, (0, 1), 0.0, 0.0),
        game(2, (1, 0), 0.0, 0.0),
    ]
    report = report_of(plan, played)
    (pair,) = report["pairs"]
    assert (pair["first"], pair["second"], pair["games"]) == ("uct:1", "random", 6)
    assert (pair["won"], pair["lost"], pair["drawn"], pair["score"]) == (3, 1, 2, pytest.approx(4 / 6))
    assert pair["by_seat_of_first"] == [{"won": 2, "lost": 0, "drawn": 1}, {"won": 1, "lost": 1, "drawn": 1}]
    assert pair["seconds_per_game"] == pytest.approx((5 * 0.5 + 3.0) / 6)
    # 4 of 6 and 1 of 6, as scipy.stats.binomtest gives them
    assert pair["score_ci95"] == pytest.approx([0.3000, 0.9032], abs=5e-5)
    assert pair["lost_ci95"] == pytest.approx([0.0301, 0.5635], abs=5e-5)
    best, other = report["players"]
    assert (best["player"], other["player"]) == ("uct:1", "random")
    assert best["elo"] - other["elo"] == pytest.approx(400 * math.log10(4.5 / 2.5))
    assert (best["score"], best["games"]) == (pytest.approx(4 / 6), 6)
    assert best["seconds_per_move"] == pytest.approx((5 * 0.25 + 2.0) / 24)
    assert None not in best["elo_ci95"]
    assert (report["games_played"], report["games_planned"], report["elo_prior_drawn_games"]) == (6, 6, 1.0)
    assert report["openings"] == {"plies_drawn": 2, "seatings_of_each": 2}
    json.dumps(report, allow_nan=False)


def test_who_won_all_has_no_upper_end(planned: Planned) -> None:
    report = report_of(planned("uct:1 random", games=2), [game(0, (0, 1), 1.0, -1.0), game(0, (1, 0), -1.0, 1.0)])
    best, other = report["players"]
    assert best["elo_ci95"][1] is None
    assert other["elo_ci95"][0] is None
    assert best["elo_ci95"][0] < best["elo"] == pytest.approx(200 * math.log10(5))


def test_in_a_game_of_three_two_who_lost_alike_drew(planned: Planned) -> None:
    plan = planned("random first uct:1", games=6, game="three_marks")
    played = [game(0, (2, 0, 1), -0.5, 1.0, -0.5), game(0, (0, 1, 2), -0.5, -0.5, 1.0)]
    pairs = {(pair["first"], pair["second"]): pair for pair in report_of(plan, played)["pairs"]}
    assert [(p["won"], p["lost"], p["drawn"]) for p in pairs.values()] == [(1, 0, 1), (1, 1, 0), (0, 1, 1)]
    assert pairs["random", "first"]["by_seat_of_first"] == [
        {"won": 0, "lost": 0, "drawn": 1},
        {"won": 1, "lost": 0, "drawn": 0},
        {"won": 0, "lost": 0, "drawn": 0},
    ]
    points = [[0, 1.5, 1], [0.5, 0, 0.5], [1, 1.5, 0]]
    assert np.array_equal(points_of(plan, played), [points])


def test_a_stopped_tournament_counts_what_was_played(planned: Planned) -> None:
    plan = planned("random first rules", games=100)
    report = report_of(plan, [game(7, (0, 1), 1.0, -1.0), game(7, (1, 0), 1.0, -1.0)])
    assert [(pair["first"], pair["second"], pair["games"]) for pair in report["pairs"]] == [("random", "first", 2)]
    assert (report["games_played"], report["games_planned"]) == (2, 300)
    rules = next(player for player in report["players"] if player["player"] == "rules")
    assert rules["elo_ci95"] == [None, None]
    assert (rules["score"], rules["seconds_per_move"], rules["games"]) == (None, None, 0)


def test_classic_pairs_are_those_that_meet(planned: Planned) -> None:
    plan = planned("negamax:1 uct:1 random", games=1, classic=True)
    report = report_of(plan, [game(0, (0, 1), 1.0, -1.0), game(0, (0, 2), 0.0, 0.0)])
    assert [(pair["first"], pair["second"]) for pair in report["pairs"]] == [
        ("negamax:1", "uct:1"),
        ("negamax:1", "random"),
    ]


def test_the_picture_shows_all(planned: Planned, tmp_path: Path) -> None:
    plan = planned("uct:1 random first", games=2)
    pairs = [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)]
    report = report_of(plan, [game(0, pair, 1.0, -1.0) for pair in pairs[:2]] + [game(0, (0, 2), 0.0, 0.0)])
    save_picture(report, tmp_path / "x.png")
    picture = iio.imread(tmp_path / "x.png")[..., :3].reshape(-1, 3)
    for colour in ((0, 0x72, 0xB2), (0xCC, 0xCC, 0xCC), (0xD5, 0x5E, 0)):
        assert (picture == colour).all(1).sum() > 500
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]
