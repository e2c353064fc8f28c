"""Players that search before they move."""

from __future__ import annotations

from marl.core.game import Game
from marl.games.search.negamax import Negamax
from marl.games.search.result import SearchResult
from marl.games.search.uct import UCT
from marl.players.player import View

__all__ = ["NegamaxPlayer", "UCTPlayer"]


class NegamaxPlayer:
    """Play the action that `Negamax` finds.

    Args:
        search: searches each move.
    """

    def __init__(self, search: Negamax) -> None:
        self.search = search
        self._last: tuple[Game, int] | None = None

    def choose(self, game: Game) -> int:
        """See `Player`."""
        action = self.search.choose(game)
        self._last = game, action
        return action

    def view(self) -> View | None:
        """Exact value of each action, searched only on this call; see `Player`."""
        if self._last is None:
            return None
        game, action = self._last
        return _view(game, self.search.search(game, chosen=action), "positions")


class UCTPlayer:
    """Play the action that `UCT` finds.

    Args:
        search: searches each move.
    """

    def __init__(self, search: UCT) -> None:
        self.search = search
        self._last: Game | None = None

    def choose(self, game: Game) -> int:
        """See `Player`."""
        self._last = game
        return self.search.choose(game)

    def view(self) -> View | None:
        """Visits and values of each action; see `Player`."""
        return None if self._last is None else _view(self._last, self.search.found(), "simulations")


def _view(game: Game, result: SearchResult, unit: str) -> View:
    return View(game, result.action, result.simulations, unit, result.statistics, result.principal_variation)
