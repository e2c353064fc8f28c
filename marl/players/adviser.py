"""Hints for a person at a board."""

from __future__ import annotations

from collections.abc import Sequence

from marl.core.errors import ConfigError
from marl.core.game import Game, GameView
from marl.players.player import Player, View
from marl.players.specs import PlayerSpec, make_player, parse_player

__all__ = ["DEFAULT_ADVISER", "Adviser", "hint_words"]

DEFAULT_ADVISER = "uct:10000"


class Adviser:
    """Player that says what it would choose; made when it is first asked.

    Args:
        spec: a player that searches; by default the network that plays, if one does, else `DEFAULT_ADVISER`.
        playing: players of the seats.
        seed: of the numbers that it draws.

    Raises:
        ConfigError: for a player that does not search.
    """

    def __init__(self, spec: PlayerSpec | None = None, playing: Sequence[PlayerSpec] = (), seed: int = 0) -> None:
        networks = [each for each in playing if each.kind == "az"]
        self.spec = spec or (networks[0] if networks else parse_player(DEFAULT_ADVISER))
        if self.spec.kind not in ("uct", "az"):
            raise ConfigError(f"{self.spec.text} gives no hints; name a player that searches, e.g. {DEFAULT_ADVISER}")
        self.seed = seed
        self._player: Player | None = None

    def __call__(self, game: Game) -> View:
        """Search a position, and return what was found."""
        self._player = self._player or make_player(self.spec, game, self.seed)
        self._player.choose(game)
        view = self._player.view()
        assert view is not None
        return view


def hint_words(game: GameView, view: View) -> str:
    """A move that a search found, and what it promises the mover."""
    chosen = next(each for each in view.statistics if each.action == view.action)
    promise = f"{'sure' if chosen.proven else 'expected'} {chosen.value[game.mover]:+.2f}"
    return f"{game.describe(view.action)} ({promise}, from -1 lost to +1 won)"
