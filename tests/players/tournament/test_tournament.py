from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

import marl
from marl.core.errors import ConfigError
from marl.players.tournament import games


def test_players_meet_from_python(tmp_path: Path) -> None:
    result = marl.tournament("tic_tac_toe", ["first", "rules"], 20, openings="none", jobs=1, out=tmp_path / "x.png")
    (pair,) = result["pairs"]
    assert (pair["first"], pair["won"], pair["lost"], pair["drawn"]) == ("first", 0, 20, 0)
    assert result["openings"] == {"plies_drawn": 0, "seatings_of_each": 2}
    assert [player["player"] for player in result["players"]] == ["rules", "first"]
    assert (tmp_path / "x.png").stat().st_size > 1000
    assert "<th>elo</th>" in result._repr_html_()


def test_ctrl_c_ends_with_what_was_played(monkeypatch: pytest.MonkeyPatch) -> None:
    real, left = games.play_rounds, [2]

    def interrupted(*arguments: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            signal.raise_signal(signal.SIGINT)
        return real(*arguments)

    monkeypatch.setattr(games, "play_rounds", interrupted)
    result = marl.tournament("tic_tac_toe", ["first", "random"], 100, jobs=1)
    assert (result["games_played"], result["games_planned"]) == (4, 100)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"players": "first"}, "players is 'first'; give a list of names"),
        ({"out": "x.pdf"}, "out is 'x.pdf'; name a .png file"),
        ({"opening_plies": 0}, "opening_plies is 0; give at least 1, or openings='none'"),
        ({"openings": "none", "opening_plies": 2}, "opening_plies is for openings='paired' without classic"),
        ({"openings": "none", "classic": True}, "classic draws the first action; leave openings out"),
        ({"games": 3}, "games is 3; give a multiple of 2"),
    ],
)
def test_what_cannot_be_played_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        marl.tournament(**{"game": "tic_tac_toe", "players": ["first", "random"], "jobs": 1, **arguments})
