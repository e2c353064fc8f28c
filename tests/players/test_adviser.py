from __future__ import annotations

import pytest

from marl.core.errors import ConfigError
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.players import adviser
from marl.players.adviser import Adviser, hint_words
from marl.players.specs import parse_player


def test_the_network_that_plays_advises_unless_another_player_is_named() -> None:
    playing = [parse_player(text) for text in ("human", "az:runs/x:20", "uct:5")]
    assert Adviser(None, playing).spec.text == "az:runs/x:20"
    assert Adviser(parse_player("uct:7"), playing).spec.text == "uct:7"
    assert Adviser(None, playing[::2]).spec.text == "uct:10000"


def test_a_player_without_a_search_gives_no_hints() -> None:
    with pytest.raises(ConfigError, match="rules gives no hints; name a player that searches"):
        Adviser(parse_player("rules"))


def test_it_is_made_once_and_asked_in_each_position(monkeypatch: pytest.MonkeyPatch) -> None:
    """X wins with 3 of 1, 2; O then has to play 3 itself."""
    made = []
    make = adviser.make_player
    monkeypatch.setattr(adviser, "make_player", lambda *given: made.append(given) or make(*given))
    game, advise = TicTacToe(), Adviser(parse_player("uct:300"))
    for move in "1425":
        game = game.play(game.read(move))
    assert hint_words(game, advise(game)) == "3 (sure +1.00, from -1 lost to +1 won)"
    game = game.play(game.read("9"))
    assert hint_words(game, advise(game)) == "6 (sure +1.00, from -1 lost to +1 won)"
    assert len(made) == 1
