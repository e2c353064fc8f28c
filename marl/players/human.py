"""A person at the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from marl.core.game import Game, GameView, IllegalActionError
from marl.games.search.result import ActionStatistics
from marl.games.search.uct import UCT
from marl.players.moves import listed, read_move, written
from marl.players.player import Player, Quit, Undo, View

__all__ = ["Human", "hint_words"]

HINT_SIMULATIONS = 10_000
HELP = {
    "help": "tells this",
    "undo": "takes back your last move and what followed it",
    "hint": f"searches with {HINT_SIMULATIONS:,} simulations, and names a move",
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
    """

    def __init__(
        self, ask: Callable[[str], str], tell: Callable[[str], object], view: Callable[[Player], None]
    ) -> None:
        self.ask, self.tell, self.show_view = ask, tell, view

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
        result = UCT(simulations=HINT_SIMULATIONS).search(game)
        self.tell(f"hint: {hint_words(game, result.action, result.statistics)}")


def hint_words(game: GameView, action: int, statistics: Sequence[ActionStatistics]) -> str:
    """A move that a search found, and what it promises the mover."""
    chosen = next(each for each in statistics if each.action == action)
    promise = f"{'sure' if chosen.proven else 'expected'} {chosen.value[game.mover]:+.2f}"
    return f"{game.describe(action)} ({promise}, from -1 lost to +1 won)"
