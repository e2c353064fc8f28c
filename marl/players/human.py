"""A person at the terminal."""

from __future__ import annotations

from collections.abc import Callable

from marl.core.game import Game, IllegalActionError
from marl.games.search.uct import UCT
from marl.players.moves import listed, read_move
from marl.players.player import Player, Quit, Undo, View

__all__ = ["Human"]

HINT_SIMULATIONS = 10_000


class Human:
    """Asks for moves until one is legal.

    ``undo`` goes back to the last own choice, ``hint`` searches and names a move, ``view`` shows what the opponents
    know, ``quit`` ends the game.

    Args:
        ask: shows a question and gives what was typed.
        tell: shows a line.
        view: shows what the others know; called with this player.
    """

    def __init__(
        self, ask: Callable[[str], str], tell: Callable[[str], object], view: Callable[[Player], None]
    ) -> None:
        self.ask, self.tell, self.show_view = ask, tell, view

    def choose(self, game: Game) -> int:
        """See `Player`."""
        self.tell(f"legal moves: {listed(game)}; or undo, hint, view, quit")
        while True:
            text = self.ask(f"player {game.mover + 1}, your move: ").strip()
            action = self._answer(game, text)
            if action is not None:
                return action

    def view(self) -> View | None:
        """Nothing that the program could know; see `Player`."""
        return None

    def _answer(self, game: Game, text: str) -> int | None:
        """The action that was typed; None if something else was, which is done."""
        if text == "quit":
            raise Quit
        if text == "undo":
            raise Undo
        if text == "hint":
            self._hint(game)
        elif text == "view":
            self.show_view(self)
        else:
            return self._read(game, text)
        return None

    def _read(self, game: Game, text: str) -> int | None:
        try:
            return read_move(game, text)
        except IllegalActionError as error:
            self.tell(str(error))
            return None

    def _hint(self, game: Game) -> None:
        result = UCT(simulations=HINT_SIMULATIONS).search(game)
        line = next(line for line in result.lines if line.action == result.action)
        promise = f"{'sure' if line.proven else 'expected'} {line.value[game.mover]:+.2f}"
        self.tell(f"hint: {game.describe(result.action)} ({promise}, from -1 lost to +1 won)")
