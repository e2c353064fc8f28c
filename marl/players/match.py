"""One game from its first position to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from marl.core.game import Game
from marl.players.player import Player, Undo

__all__ = ["Match", "play_match", "play_matches", "winners"]

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


def play_matches(
    games: Sequence[Game],
    players: Sequence[Sequence[Player]],
    watch: Callable[[int, int], bool] = lambda ended, moves: True,
) -> list[Match]:
    """Play several games in lock step, for players that choose in many positions at once.

    Args:
        games: first positions.
        players: of each game one for each seat. One that has a method ``choose_many`` may play several games, and is
            asked for all of them together; others keep a memory of their game and play one.
        watch: called after each step with the numbers of games that have ended and of moves; False ends with those.

    Returns:
        The games that have ended, in order.

    Raises:
        IllegalActionError: if a player chooses an illegal action.
    """
    positions = list(games)
    actions: list[list[int]] = [[] for _ in games]
    moves = [[0] * game.num_players for game in games]
    seconds = [[0.0] * game.num_players for game in games]
    while running := [number for number, game in enumerate(positions) if not game.over]:
        waiting: dict[int, list[int]] = {}
        for number in running:
            waiting.setdefault(id(players[number][positions[number].mover]), []).append(number)
        for numbers in waiting.values():
            begin = time.process_time()
            player = players[numbers[0]][positions[numbers[0]].mover]
            here = [positions[number] for number in numbers]
            together = getattr(player, "choose_many", None)
            chosen = [player.choose(game) for game in here] if together is None else together(here)
            spent = (time.process_time() - begin) / len(numbers)
            for number, action in zip(numbers, chosen, strict=True):
                seat = positions[number].mover
                moves[number][seat], seconds[number][seat] = moves[number][seat] + 1, seconds[number][seat] + spent
                actions[number].append(action)
                positions[number] = positions[number].play(action)
        if not watch(sum(game.over for game in positions), sum(map(len, actions))):
            break
    return [
        Match(tuple(actions[number]), game.returns, tuple(moves[number]), tuple(seconds[number]))
        for number, game in enumerate(positions)
        if game.over
    ]


def winners(returns: Sequence[float], names: Sequence[str]) -> str:
    """Words for the end of a game.

    Args:
        returns: of each seat, ``[P]``.
        names: of the seats, ``[P]``.
    """
    won = [name for name, gained in zip(names, returns, strict=True) if min(returns) < gained == max(returns)]
    if not won:
        return "drawn"
    return " and ".join(won) + (" win" if len(won) > 1 else " wins")


def _back(game: Game, played: list[tuple[Game, int]]) -> Game:
    """Position of the mover's last choice, with all later actions removed from the list; the same if it made none."""
    last = max((number for number, (before, _) in enumerate(played) if before.mover == game.mover), default=None)
    if last is None:
        return game
    before = played[last][0]
    del played[last:]
    return before
