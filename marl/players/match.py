"""One game, played to its end."""

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
    """A finished game.

    Args:
        actions: that were played.
        returns: ``[P]``, of each seat.
        moves: ``[P]``, how many actions each seat chose.
        seconds: ``[P]``, CPU time that each seat took for them.
    """

    actions: tuple[int, ...]
    returns: tuple[float, ...]
    moves: tuple[int, ...]
    seconds: tuple[float, ...]


def play_match(game: Game, players: Sequence[Player], watch: Watch = lambda before, action, after: None) -> Match:
    """Plays a game to its end.

    Args:
        game: where it begins.
        players: one for each seat.
        watch: told after each move: the position before, the action, the position after; the action is None if a
            player went back to its last choice, and the position the same if it had made none.

    Raises:
        IllegalActionError: if a player chooses what is not legal.
        Quit: if a player wishes to end the game.
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
    """The position in which the mover chose last, and nothing of what was played since; the same if it never did."""
    last = max((number for number, (before, _) in enumerate(played) if before.mover == game.mover), default=None)
    if last is None:
        return game
    before = played[last][0]
    del played[last:]
    return before
