"""Games that people play by clicks on a page."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from marl.core.game import Game, GameView
from marl.games.board_picture import draw_board, drawable, squares
from marl.pictures.page import whole_page
from marl.players.adviser import Adviser, hint_words
from marl.players.match import play_match, winners
from marl.players.moves import MOST_SHOWN, line_words, written
from marl.players.player import Player, Quit, Undo, View
from marl.players.specs import PlayerSpec, make_player
from marl.system.page_server import LOOK, PageServer

__all__ = ["ClickTable"]

PAUSE = 0.7
"""Seconds between moves where nobody plays by hand, so that they can be followed."""
STALE = "The position has changed meanwhile."


class ClickTable:
    """One game after the other on a page; all its windows show the same position, and each may move for any person.

    Args:
        start: first position.
        specs: players of the seats.
        seed: of the first game; the others have those after it.
        views: True for a page that begins with what searches found.
        advise: searches for hints; by default the network that plays does, if one does.

    Raises:
        ConfigError: for a game that cannot be drawn, or a player that cannot play it.
        FileError: if a player's network cannot be loaded.
    """

    def __init__(
        self,
        start: GameView,
        specs: Sequence[PlayerSpec],
        seed: int,
        views: bool = False,
        advise: Callable[[Game], View] | None = None,
    ) -> None:
        self.start, self.specs, self.seed = drawable(start), list(specs), seed
        self.advise = advise or Adviser(None, self.specs, seed)
        self.names = [f"player {seat + 1} ({spec.text})" for seat, spec in enumerate(specs)]
        against = " against ".join(spec.text for spec in specs)
        self.page = whole_page("board.html", {"title": f"{start.name}: {against}", "views": views})
        self._lock, self._inbox = threading.Lock(), queue.Queue[dict[str, Any]]()
        self._number, self._asked = 0, False
        self._begin()

    def hear(self, message: dict[str, Any]) -> str:
        """Take what a window says; see `PageServer`.

        A message has ``do``: ``move`` with the ``action``, ``undo``, ``hint``, or ``again`` for another game; and, but
        for that, the ``number`` of the position that the window shows.
        """
        wish, action = message.get("do"), message.get("action")
        with self._lock:
            if wish == "again":
                self._inbox.put(message)
                return ""
            if message.get("number") != self._number or not self._asked:
                return STALE
            if wish not in ("move", "undo", "hint"):
                return "There is move, undo, hint and again."
            if wish == "move" and (type(action) is not int or action not in self.game.legal):
                return "That move is not legal here."
            self._asked = False
            self._inbox.put(message)
            return ""

    def serve(self, server: PageServer) -> None:
        """Play games until a signal or an error ends it.

        Args:
            server: shows the page, and hands on what windows say.
        """
        self.server = server
        while True:
            server.wait_for_window()
            self._begin()
            try:
                self._tell_machine()
                match = play_match(self.start, self.players, self._watch)
                self._tell(winners(match.returns, self.names))
                while self._heard()["do"] != "again":
                    pass
            except Quit:
                self.log.append("left unfinished")
            self.seed += 1

    def _begin(self) -> None:
        self.game: GameView = self.start
        self.before: GameView | None = None
        self.found: View | None = None
        self.log: list[str] = []
        self.players = [make_player(spec, self.start, self.seed + i, self._person) for i, spec in enumerate(self.specs)]

    def _person(self) -> Player:
        return _Person(self)

    def ask(self, game: GameView) -> int:
        """Action that a person clicks.

        Raises:
            Undo, Quit: see `Player`.
        """
        told, hint = f"{self.names[game.mover]} is to move: click on the board", None
        while True:
            self._tell(told, hint, asked=True)
            message = self._heard()
            if message["do"] == "move":
                return int(message["action"])
            if message["do"] == "undo":
                raise Undo
            if message["do"] == "again":
                raise Quit
            self._tell("searching for a hint ...")
            hint = self.advise(game)
            told = f"hint: {hint_words(game, hint)}"

    def _heard(self) -> dict[str, Any]:
        while True:
            with suppress(queue.Empty):
                return self._inbox.get(timeout=LOOK)

    def _watch(self, before: Game, action: int | None, after: Game) -> None:
        while not self._inbox.empty():
            if self._inbox.get()["do"] == "again":
                raise Quit
        self.game = written(after)
        self.before = None if action is None else written(before)
        if action is None:
            self.log.append("nothing to take back" if before == after else "taken back")
        else:
            self.log.append(f"{self.names[before.mover]} plays {written(before).describe(action)}")
            self.found = self.players[before.mover].view() or self.found
        self._tell_machine()

    def _tell_machine(self) -> None:
        if not self.game.over and self.specs[self.game.mover].kind != "human":
            self._tell(f"{self.names[self.game.mover]} is searching ...")
            if all(spec.kind != "human" for spec in self.specs):
                time.sleep(PAUSE)

    def _tell(self, told: str, hint: View | None = None, asked: bool = False) -> None:
        """Show the position in all windows."""
        drawing = draw_board(self.game, self.before, hint.statistics if hint else ())
        places, seen = [], set[tuple[float, ...]]()
        for action, place in squares(self.game).items() if asked else ():
            if place not in seen:
                seen.add(place)
                places.append([action, *place, self.game.describe(action)])
        clicked = {place[0] for place in places}
        others = [action for action in self.game.legal if action not in clicked] if asked else []
        with self._lock:
            self._number, self._asked = self._number + 1, asked
            number = self._number
        news = {
            "number": number,
            "board": drawing.svg(),
            "size": [drawing.width, drawing.height],
            "places": places,
            "others": [[action, self.game.describe(action)] for action in others],
            "told": told,
            "asked": asked,
            "log": self.log,
            "found": self._found(),
        }
        self.server.tell("position", news)

    def _found(self) -> dict[str, str] | None:
        """Board and words of the last search of a player, from before its move; None if none has searched."""
        view = self.found
        if view is None or not view.statistics:
            return None
        game = written(view.game)
        played, line = game.describe(view.action), line_words(game, view.principal_variation[:MOST_SHOWN])
        name = self.names[view.game.mover]
        words = f"{name} before it played {played}: {view.effort:,} {view.unit}, best line {line}"
        return {"board": draw_board(written(view.game), None, view.statistics).svg(), "words": words}


class _Person:
    """Player that asks whoever looks at the page."""

    def __init__(self, table: ClickTable) -> None:
        self.table = table

    def choose(self, game: Game) -> int:
        """See `Player`."""
        return self.table.ask(written(game))

    def view(self) -> View | None:
        """None: the program knows nothing about a person's choice; see `Player`."""
        return None
