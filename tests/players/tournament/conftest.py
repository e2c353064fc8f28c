from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from marl.players.specs import parse_player
from marl.players.tournament.plan import TournamentPlan, plan_tournament

Planned = Callable[..., TournamentPlan]


@pytest.fixture
def planned() -> Planned:
    """A plan of tic-tac-toe; players with spaces between them."""

    def make(players: str = "random first", games: int = 8, **settings: Any) -> TournamentPlan:
        given = {"game": "tic_tac_toe", "plies": 2, "seed": 0, "classic": False} | settings
        return plan_tournament(players=[parse_player(text) for text in players.split()], games=games, **given)

    return make
