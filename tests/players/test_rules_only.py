"""A game of rules alone is searched and played in matches and tournaments, and not shown."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest
from heap_game import Heap

from marl.cli.main import main
from marl.core.errors import ConfigError
from marl.games.board_picture import board_picture
from marl.games.search.negamax import Negamax
from marl.games.search.uct import UCT
from marl.games.turn_based import to_aec
from marl.players.human import Human
from marl.players.match import play_match
from marl.players.searchers import NegamaxPlayer, UCTPlayer
from marl.players.simple import Random
from marl.players.specs import parse_player
from marl.players.tournament.games import play_tournament
from marl.players.tournament.plan import plan_tournament

WHAT_WOULD_DO = r"rules alone can be searched, and a marl\.core\.game\.GameView can be shown too: add what is missing"


@pytest.mark.parametrize(("left", "action"), [(4, 0), (5, 1), (7, 0), (8, 1)])
def test_it_is_searched(left: int, action: int) -> None:
    """The one good move leaves a multiple of three; UCT ends as soon as it is proven to win."""
    result = Negamax(9).search(Heap(left))
    assert result.action == action
    assert all(each.proven for each in result.statistics)
    assert [each.value[0] for each in result.statistics] == [1.0 if each == action else -1.0 for each in range(2)]
    result = UCT(500).search(Heap(left))
    assert result.action == action
    assert (result.statistics[action].value, result.statistics[action].proven) == ((1.0, -1.0), True)


def test_who_searches_wins_every_match_from_a_won_position() -> None:
    for seed, left in enumerate((4, 5, 7, 8, 10)):
        for player in (UCTPlayer(UCT(300, seed=seed)), NegamaxPlayer(Negamax(10))):
            assert play_match(Heap(left), (player, Random(seed))).returns == (1.0, -1.0)


def offered(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [EntryPoint("heap", "heap_game:Heap", "marl.games")]
    monkeypatch.setattr("marl.core.entry_points.entry_points", lambda group: found)


def test_it_is_played_in_tournaments(monkeypatch: pytest.MonkeyPatch) -> None:
    """From four the first seat wins, if it knows how, and from either seat both know."""
    offered(monkeypatch)
    plan = plan_tournament("heap", [parse_player("uct:200"), parse_player("negamax:9")], games=4, plies=0, seed=1)
    played = play_tournament(plan, 1, lambda done, total: None, lambda: False)
    assert [game.returns for game in played] == [(1.0, -1.0)] * 4


def test_it_is_an_environment_without_pictures() -> None:
    env = to_aec(Heap(2), render_mode="ansi")
    env.reset()
    assert env.render() == "Heap(left=2, mover=0)"
    why = rf"heap cannot be drawn: it has no board_shape, block, caption, marks; {WHAT_WOULD_DO}"
    with pytest.raises(ConfigError, match=why):
        to_aec(Heap(2), render_mode="rgb_array")
    with pytest.raises(ConfigError, match=why):
        board_picture(Heap(2))  # type: ignore[arg-type]


def test_nobody_plays_it_by_hand(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shown: list[str] = []
    human = Human(lambda question: "1", shown.append, lambda player: None)
    with pytest.raises(ConfigError, match=rf"heap cannot be played by hand: it has no describe, read; {WHAT_WOULD_DO}"):
        human.choose(Heap(4))
    assert not shown
    offered(monkeypatch)
    monkeypatch.setenv("COLUMNS", "500")
    status = main(["play", "heap", "--players", "uct:10,first"])
    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert "heap cannot be played by hand: it has no describe, read; rules alone" in err
