"""Games of a tournament, played in several processes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import islice

from marl.core.errors import TrainingError
from marl.core.game import Game
from marl.core.wording import argument
from marl.games.registry import new_game
from marl.games.search.negamax import Negamax
from marl.games.search.uct import UCT
from marl.players.match import play_match, play_matches
from marl.players.player import Player
from marl.players.specs import make_player, present_networks
from marl.players.tournament.plan import Round, TournamentPlan, opening_of, rounds_of, seed_of
from marl.system.process_pool import process_pool

__all__ = ["FinishedGame", "play_rounds", "play_tournament"]

SECONDS_BETWEEN_LOOKS = 0.2
CHUNKS_PER_JOB, MOST_ROUNDS = 32, 16
MOST_TOGETHER = 128
"""Games of networks that are played in lock step."""


@dataclass(frozen=True)
class FinishedGame:
    """Finished game of a tournament.

    Args:
        opening: number of the opening.
        seats: ``[P]``, the player at each seat, as an index into `TournamentPlan.players`.
        returns: ``[P]``, by seat.
        moves: ``[P]``, by seat.
        seconds: ``[P]``, CPU time by seat.
    """

    opening: int
    seats: tuple[int, ...]
    returns: tuple[float, ...]
    moves: tuple[int, ...]
    seconds: tuple[float, ...]


def play_rounds(plan: TournamentPlan, rounds: Sequence[Round]) -> list[FinishedGame]:
    """Play some rounds, with new players in each game; networks play theirs in lock step."""
    _warm_up(plan.game)
    tables = [(each.opening, seats) for each in rounds for seats in each.seatings]
    if not has_networks(plan):
        return [_play(plan, opening, seats) for opening, seats in tables]
    start = _start(plan.game)
    networks = {spec.text: make_player(spec, start, 0) for spec in plan.players if spec.kind == "az"}
    games = [opening_of(start, plan, opening) for opening, _ in tables]
    matches = play_matches(games, [_players(plan, opening, seats, networks) for opening, seats in tables])
    return [
        FinishedGame(opening, seats, match.returns, match.moves, match.seconds)
        for (opening, seats), match in zip(tables, matches, strict=True)
    ]


@cache
def _start(game: str) -> Game:
    return new_game(game)


@cache
def _warm_up(game: str) -> None:
    """Load compiled rules and searches, once in each process, so that no game's time includes it."""
    start = _start(game)
    UCT(simulations=1).search(start)
    if start.num_players == 2:
        Negamax(depth=1).choose(start)


def _play(plan: TournamentPlan, opening: int, seats: tuple[int, ...]) -> FinishedGame:
    match = play_match(opening_of(_start(plan.game), plan, opening), _players(plan, opening, seats, {}))
    return FinishedGame(opening, seats, match.returns, match.moves, match.seconds)


def _players(plan: TournamentPlan, opening: int, seats: tuple[int, ...], shared: Mapping[str, Player]) -> list[Player]:
    """Player of each seat of a game; those that are shared play others too."""
    names = tuple(plan.players[place].text for place in seats)
    return [
        shared.get(names[seat])
        or make_player(plan.players[place], _start(plan.game), seed_of(plan.seed, names, opening, seat))
        for seat, place in enumerate(seats)
    ]


def has_networks(plan: TournamentPlan) -> bool:
    """True if a network plays."""
    return any(spec.kind == "az" for spec in plan.players)


def play_tournament(
    plan: TournamentPlan, jobs: int, watch: Callable[[int, int], None], stop_wished: Callable[[], bool]
) -> list[FinishedGame]:
    """Play a tournament; the results do not depend on the number of processes.

    Networks stay what they are at its beginning, whatever runs that still train write on the way.

    Args:
        plan: of the tournament.
        jobs: number of processes; with 1 all games are played in this one.
        watch: called with the number of games done and of all games.
        stop_wished: returns True to end with the games done.

    Raises:
        TrainingError: if a process dies.
    """
    with present_networks(plan.players) as players:
        return _play_all(replace(plan, players=players), jobs, watch, stop_wished)


def _play_all(
    plan: TournamentPlan, jobs: int, watch: Callable[[int, int], None], stop_wished: Callable[[], bool]
) -> list[FinishedGame]:
    rounds, number = rounds_of(plan), plan.openings * len(plan.groups)
    size = max(1, min(MOST_ROUNDS, number // (CHUNKS_PER_JOB * jobs)))
    if jobs == 1:
        size = 1  # so that a signal is soon obeyed
    if has_networks(plan):  # the more play together, the faster
        size = max(1, min(MOST_TOGETHER // plan.seatings, -(-number // jobs)))
    # made as they are played: a plan may have millions
    chunks = iter(lambda: list(islice(rounds, size)), [])
    results = _here(plan, chunks) if jobs == 1 else _in_processes(plan, chunks, min(jobs, -(-number // size)))
    finished: list[FinishedGame] = []
    total = plan.total_games
    watch(0, total)
    with closing(results):
        for some in results:
            finished += some
            watch(len(finished), total)
            if stop_wished() and len(finished) < total:
                break
    return sorted(finished, key=lambda game: (game.opening, game.seats))


def _here(plan: TournamentPlan, chunks: Iterator[Sequence[Round]]) -> Generator[list[FinishedGame], None, None]:
    return (play_rounds(plan, chunk) for chunk in chunks)


def _in_processes(
    plan: TournamentPlan, chunks: Iterator[Sequence[Round]], jobs: int
) -> Generator[list[FinishedGame], None, None]:
    """Yield finished games, or an empty list every 0.2 s so that the caller can stop."""
    _warm_up(plan.game)  # here, as otherwise each process compiles what no one has compiled yet, and notes it
    try:
        with process_pool(jobs) as pool:
            submit = partial(pool.submit, partial(play_rounds, plan))
            waiting = {submit(chunk) for chunk in islice(chunks, CHUNKS_PER_JOB * jobs)}
            while waiting:
                done, waiting = wait(waiting, SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED)
                waiting |= {submit(chunk) for chunk in islice(chunks, len(done))}
                yield [game for future in done for game in future.result()]
    except BrokenProcessPool as error:
        told = f"a playing process died; it may have lacked memory: give fewer {argument('jobs')}"
        raise TrainingError(told) from error
