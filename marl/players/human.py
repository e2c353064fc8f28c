"""A person at the terminal."""

from __future__ import annotations

from collections.abc import Callable

from marl.core.game import Game, GameView, IllegalActionError
from marl.players.adviser import Adviser, hint_words
from marl.players.moves import listed, read_move, written
from marl.players.player import Player, Quit, Undo, View

__all__ = ["Human"]

HELP = {
    "help": "tells this",
    "undo": "takes back your last move and what followed it",
    "hint": "searches, and names a move",
    "view": "shows what your opponents know of their last moves",
    "quit": "leaves the game",
}
"""What can be typed beside moves."""


class Human:
    """Ask a person for moves until one is legal.

    ``help`` tells what can be typed, ``undo`` goes back to the last own choice, ``hint`` searches and names a move,
    ``view`` shows what opponents know, ``quit`` ends the game.

    Args:
        ask: shows a question and returns the typed text.
        tell: shows a line.
        view: shows the knowledge of the others; called with this player.
        advise: searches for a hint.
    """

    def __init__(
        self,
        ask: Callable[[str], str],
        tell: Callable[[str], object],
        view: Callable[[Player], None],
        advise: Callable[[Game], View] | None = None,
    ) -> None:
        self.ask, self.tell, self.show_view, self.advise = ask, tell, view, advise or Adviser()

    def choose(self, game: Game) -> int:
        """See `Player`.

        Raises:
            ConfigError: for a game whose moves cannot be read and written; see `marl.core.game.GameView`.
        """
        return self._ask(written(game))

    def _ask(self, game: GameView) -> int:
        self.tell(f"legal moves: {listed(game)}; or help, undo, hint, view, quit")
        while True:
            text = self.ask(f"player {game.mover + 1}, your move: ").strip()
            action = self._answer(game, text)
            if action is not None:
                return action

    def view(self) -> View | None:
        """None: the program knows nothing about a person's choice; see `Player`."""
        return None

    def _answer(self, game: GameView, text: str) -> int | None:
        """Action that was typed; None if the text was a command, which is carried out, or no legal move."""
        if text == "quit":
            raise Quit
        if text == "undo":
            raise Undo
        if text == "help":
            self._help(game)
        elif text == "hint":
            self._hint(game)
        elif text == "view":
            self.show_view(self)
        else:
            return self._read(game, text)
        return None

    def _help(self, game: GameView) -> None:
        self.tell(f"you are player {game.mover + 1} of {game.name}; write a move as it is listed, or")
        for word, what in HELP.items():
            self.tell(f"  {word:<5} {what}")
        self.tell(f"legal moves: {listed(game)}")

    def _read(self, game: GameView, text: str) -> int | None:
        try:
            return read_move(game, text)
        except IllegalActionError as error:
            self.tell(str(error))
            return None

    def _hint(self, game: GameView) -> None:
        self.tell(f"hint: {hint_words(game, self.advise(game))}")
