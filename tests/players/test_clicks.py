from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from served import news_of, say, serving

from marl.core.errors import ConfigError
from marl.core.game import GameView
from marl.envs.games.nine_board import NineBoard
from marl.envs.games.quarto import Quarto
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.players.clicks import ClickTable
from marl.players.specs import parse_player


def table_of(start: GameView, *players: str, views: bool = False) -> ClickTable:
    return ClickTable(start, [parse_player(name) for name in players], 0, views)


class Seen:
    """A window that answers no position twice, as news come some time after what was said."""

    def __init__(self, address: str) -> None:
        self.address, self.answered = address, 0

    def position(self, told: str = "is to move") -> Any:
        """The next position of which the page says something."""
        until = time.monotonic() + 20
        while True:
            ((_, news),) = news_of(self.address, 1)
            if told in news["told"] and news["number"] > self.answered:
                return news
            assert time.monotonic() < until, news["told"]

    def do(self, wish: str, action: int | None = None) -> str:
        """Why a wish is refused at the next position in which somebody is to move."""
        number = self.answered = self.position()["number"]
        return say(self.address, do=wish, action=action, number=number)[1]


def test_a_game_is_played_to_its_end_and_another_begins() -> None:
    """Opposite corners beat the rules of thumb, which take the middle and a corner, and can block one row of two."""
    table = table_of(TicTacToe(), "human", "rules")
    with serving(table.page, table.hear, table.serve) as address:
        seen = Seen(address)
        first = seen.position("player 1 (human) is to move")
        assert first["places"][4] == [4, 60, 60, 60, "5"] and len(first["places"]) == 9
        assert (first["log"], first["found"], first["others"]) == ([], None, [])
        assert [seen.do("move", cell) for cell in (0, 8, 2, 5)] == [""] * 4
        last = seen.position("player 1 (human) wins")
        assert last["places"] == [] and not last["asked"]
        assert last["log"][:2] == ["player 1 (human) plays 1", "player 2 (rules) plays 5"] and len(last["log"]) == 7
        assert say(address, do="again") == (200, "")
        assert seen.position()["log"] == []


def test_what_does_not_fit_the_position_is_refused() -> None:
    table = table_of(TicTacToe(), "human", "human")
    with serving(table.page, table.hear, table.serve) as address:
        number = Seen(address).position("player 1 (human)")["number"]
        refused = {
            "That move is not legal here.": [{"action": 9}, {"action": True}, {"action": "1"}, {}],
            "The position has changed meanwhile.": [{"action": 1, "number": number - 1}, {"action": 1, "number": None}],
            "There is move, undo, hint and again.": [{"do": "resign"}],
        }
        for told, messages in refused.items():
            for message in messages:
                assert say(address, **{"do": "move", "number": number, **message}) == (409, told)
        assert say(address, do="move", action=1, number=number) == (200, "")
        assert say(address, do="move", action=2, number=number) == (409, "The position has changed meanwhile.")
        # PettingZoo numbers the cells by columns, people by rows
        assert Seen(address).position("player 2 (human)")["log"] == ["player 1 (human) plays 4"]


def test_moves_are_taken_back_and_a_hint_shows_what_a_search_finds() -> None:
    table = table_of(TicTacToe(), "human", "first")
    with serving(table.page, table.hear, table.serve) as address:
        seen = Seen(address)
        assert seen.do("undo") == ""
        assert seen.position()["log"] == ["nothing to take back"]
        assert [seen.do("move", 4), seen.do("undo")] == ["", ""]
        back = seen.position()
        assert back["log"][-1] == "taken back" and len(back["places"]) == 9
        assert [seen.do("move", cell) for cell in (4, 3)] == ["", ""]  # X has 5 and 2, O 1 and 4: 8 wins
        assert seen.do("hint") == ""
        hint = seen.position("hint: ")
        assert hint["told"] == "hint: 8 (sure +1.00, from -1 lost to +1 won)"
        assert "value for X" in hint["board"] and "value for X" not in back["board"]


def test_what_an_opponent_searched_is_shown_with_its_best_line() -> None:
    table = table_of(NineBoard(), "human", "uct:50")
    with serving(table.page, table.hear, table.serve) as address:
        seen = Seen(address)
        assert seen.do("move", seen.position()["places"][0][0]) == ""
        found = seen.position()["found"]
        assert "player 2 (uct:50) before it played" in found["words"] and "50 simulations, best line" in found["words"]
        assert "share of the visits, value for O" in found["board"]
        ElementTree.fromstring(found["board"])


def test_pieces_beside_the_board_are_clicked_where_they_lie() -> None:
    """Each of the eight places in a row below the board is half a cell wide."""
    table = table_of(Quarto(), "human", "first")
    with serving(table.page, table.hear, table.serve) as address:
        places = Seen(address).position()["places"]
        assert [place[0] for place in places] == list(range(16)) and places[0][1:4] == [0, 240, 30]
        assert places[9][1] == 30 and places[9][2] > 240


def test_players_without_a_person_play_once_somebody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marl.players.clicks.PAUSE", 0)
    table = table_of(TicTacToe(), "first", "first")
    with serving(table.page, table.hear, table.serve) as address:
        time.sleep(0.05)
        assert table.game == TicTacToe()
        log = Seen(address).position("player 1 (first) wins")["log"]
        assert log[-1] == "player 1 (first) plays 3"  # which ends 7, 5, 3


def test_a_game_that_cannot_be_drawn_is_refused() -> None:
    from heap_game import Heap

    with pytest.raises(ConfigError, match="cannot be drawn"):
        table_of(Heap(), "human", "first")  # type: ignore[arg-type]


def test_tic_tac_toe_is_played_to_its_end_by_clicks_in_two_windows(open_window: Callable[..., Any]) -> None:
    table = table_of(TicTacToe(), "human", "rules", views=True)
    with serving(table.page, table.hear, table.serve) as address:
        one, other = open_window(address), open_window(address, viewport={"width": 360, "height": 640})
        for number, (window, cell) in enumerate(((one, 0), (other, 8), (one, 2))):
            if number:
                window.locator("#log li").nth(2 * number - 1).wait_for()
            window.click(f'[data-action="{cell}"]')
        other.locator("#log li").nth(5).wait_for()
        other.focus('[data-action="5"]')
        other.keyboard.press("Enter")
        for window in (one, other):
            window.locator("#told", has_text="player 1 (human) wins").wait_for()
            assert window.locator("#log li").count() == 7 and window.locator("[data-action]").count() == 0
            assert window.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert one.title() == "tic_tac_toe: human against rules"
        one.click("#again")
        other.locator("#log li").first.wait_for(state="detached")
        port = address.split("/")[2]
        wrong = open_window(f"http://{port}/x/")
        assert "lacks the token" in wrong.inner_text("body")
    one.locator("#notice", has_text="The command has ended.").wait_for()
