"""Measurements of episodes of two who might play against each other; what one alone gets is in `test_episodes`."""

from __future__ import annotations

import pytest
from leaving import Still, Written

from marl.evaluation.episodes import play_episodes
from marl.evaluation.evaluate import group_measures


@pytest.mark.parametrize(
    ("paid", "won"),
    [
        (((1.0, -3.0), (-1.0, 3.0)), {"share_won_solo_0": 0, "share_drawn": 0, "share_won_solo_1": 1}),
        (((1.0, -3.0), (-1.0, 2.0)), {}),
    ],
)
def test_who_won_is_told_of_two_agents_of_one_class(paid: tuple[tuple[float, ...], ...], won: dict[str, float]) -> None:
    two = Written(("xx", "xx"), ("dies", "dies"), paid)
    table = play_episodes(lambda copies: two, Still(), episodes=3, seed=0)  # type: ignore[arg-type, return-value]
    assert {name: each.tolist() for name, each in table.rival_returns.items()} == {
        "solo_0": [-2] * 3,
        "solo_1": [sum(paid[1])] * 3,
    }
    assert {name: each.value for name, each in group_measures(table, "agent").items()} == won
