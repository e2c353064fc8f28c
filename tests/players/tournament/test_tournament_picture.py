from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import imageio.v3 as iio

from marl.players.tournament.games import FinishedGame
from marl.players.tournament.plan import TournamentPlan
from marl.players.tournament.tournament_picture import save_tournament_picture
from marl.players.tournament.tournament_report import tournament_report

Planned = Callable[..., TournamentPlan]


def game(opening: int, seats: tuple[int, ...], *returns: float, seconds: tuple[float, ...] = ()) -> FinishedGame:
    return FinishedGame(opening, seats, returns, (4,) * len(seats), seconds or (0.25,) * len(seats))


def test_the_picture_shows_all(planned: Planned, tmp_path: Path) -> None:
    plan = planned("uct:1 random first", games=2)
    pairs = [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)]
    report = tournament_report(plan, [game(0, pair, 1.0, -1.0) for pair in pairs[:2]] + [game(0, (0, 2), 0.0, 0.0)])
    save_tournament_picture(report, tmp_path / "x.png")
    picture = iio.imread(tmp_path / "x.png")[..., :3].reshape(-1, 3)
    for colour in ((0, 0x72, 0xB2), (0xCC, 0xCC, 0xCC), (0xD5, 0x5E, 0)):
        assert (picture == colour).all(1).sum() > 500
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]
