"""One game from its first position to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from marl.core.game import Game
from marl.players.player import Player, Undo

__all__ = ["Match", "play_match"]

Watch = Callable[[Game, int | None, Game], None]


@dataclass(frozen=True)
class Match:
    """Finished game.

    Args:
        actions: all actions in order.
        returns: return of each seat, ``[P]``.
        moves: number of actions that each seat chose, ``[P]``.
        seconds: CPU time that each seat took for them, ``[P]``.
    """

    actions: tuple[int, ...]
    returns: tuple[float, ...]
    moves: tuple[int, ...]
    seconds: tuple[float, ...]


def play_match(game: Game, players: Sequence[Player], watch: Watch = lambda before, action, after: None) -> Match:
    """Play a game to its end.

    Args:
        game: the first position.
        players: one for each seat.
        watch: called after each move with the position before, the action and the position after. The action is None if
            a player went back to its last choice, and the position the same if it had made none.

    Raises:
        IllegalActionError: if a player chooses an illegal action.
        Quit: if a player ends the game.
        ValueError: if there is not one player for each seat.
    """
    if len(players) != game.num_players:
        raise ValueError(f"{game.name} has {game.num_players} seats; {len(players)} players were given")
    played: list[tuple[Game, int]] = []
    moves, seconds = [0] * game.num_players, [0.0] * game.num_players
    while not game.over:
        seat, begin = game.mover, time.process_time()
        try:
            action = players[seat].choose(game)
        except Undo:
            left, game = game, _back(game, played)
            watch(left, None, game)
            continue
        moves[seat], seconds[seat] = moves[seat] + 1, seconds[seat] + time.process_time() - begin
        played.append((game, action))
        game = game.play(action)
        watch(played[-1][0], action, game)
    return Match(tuple(action for _, action in played), game.returns, tuple(moves), tuple(seconds))


def _back(game: Game, played: list[tuple[Game, int]]) -> Game:
    """Position of the mover's last choice, with all later actions removed from the list; the same if it made none."""
    last = max((number for number, (before, _) in enumerate(played) if before.mover == game.mover), default=None)
    if last is None:
        return game
    before = played[last][0]
    del played[last:]
    return before
