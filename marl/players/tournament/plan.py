"""Plan of a tournament: players, openings, seatings and seeds.

Words: a *group* of players meets, as many as the game has seats; an *opening* is a position after drawn actions; a
*seating* gives each seat of the game to a player of the group; a *round* is one group and one opening in all seatings.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, permutations

import numpy as np

from marl.core.errors import ConfigError
from marl.core.game import Game
from marl.core.limits import MOST_GAMES, SEED_BELOW, check_between
from marl.core.wording import argument
from marl.games.registry import new_game
from marl.games.search.negamax import Ties
from marl.players.specs import PlayerSpec, make_player

__all__ = ["Round", "TournamentPlan", "opening_of", "plan_tournament", "rounds_of", "seed_of"]

MOST_DRAWS = 1000
"""Most attempts at drawing an opening that does not end the game."""


@dataclass(frozen=True)
class TournamentPlan:
    """Plan of a tournament.

    Args:
        game: name of the game.
        players: all players.
        games: number of games of each group.
        plies: number of drawn actions of an opening; 0 for the first position of the game.
        seed: of openings and players.
        classic: True if negamax always has the first seat, and only meets players of other kinds.
        groups: players of each group, as indices into ``players``; as many as the game has seats.
    """

    game: str
    players: tuple[PlayerSpec, ...]
    games: int
    plies: int
    seed: int
    classic: bool
    groups: tuple[tuple[int, ...], ...] = field(default=())

    @property
    def seatings(self) -> int:
        """Number of seatings of each group; each opening is played in all of them."""
        return 1 if self.classic else math.factorial(len(self.groups[0]))

    @property
    def openings(self) -> int:
        """Number of openings that each group plays."""
        return self.games // self.seatings

    @property
    def total_games(self) -> int:
        """Number of games of all groups."""
        return self.games * len(self.groups)


@dataclass(frozen=True)
class Round:
    """One group and one opening, played in all seatings.

    Args:
        opening: number of the opening.
        seatings: for each game the player at each seat, as an index into `TournamentPlan.players`.
    """

    opening: int
    seatings: tuple[tuple[int, ...], ...]


def plan_tournament(
    game: str,
    players: Sequence[PlayerSpec],
    games: int,
    plies: int,
    seed: int,
    classic: bool = False,
    ties: Ties | None = None,
) -> TournamentPlan:
    """Plan a tournament, and check before any game that all can be played.

    In games of two, every pair meets; in games of more, every group of as many as there are seats. A group plays each
    opening in all its seatings. In a classic tournament every negamax meets every other player, has the first seat,
    and its first action is drawn; UCT is plain.

    Args:
        game: name of the game.
        players: at least as many as the game has seats.
        games: see `TournamentPlan`.
        plies: see `TournamentPlan`; a classic tournament has 1.
        seed: see `TournamentPlan`.
        classic: True for a classic tournament.
        ties: choice of negamax among equally good actions; None for ``random`` in a classic tournament, else
            ``soonest``.

    Raises:
        ConfigError: naming the value that cannot be used.
    """
    start = new_game(game)
    _check(start, players, games, seed)
    groups = _classic_groups(start, players) if classic else tuple(combinations(range(len(players)), start.num_players))
    rule: Ties = ties or ("random" if classic else "soonest")
    specs = tuple(replace(spec, plain=classic, ties=rule) for spec in players)
    plan = TournamentPlan(game, specs, games, 1 if classic else plies, seed, classic, groups)
    if games < 1 or games % plan.seatings:
        raise ConfigError(
            f"{argument('games')} is {games}; give a multiple of {plan.seatings}, in which each opening is played from "
            "all seats"
        )
    opening_of(start, plan, 0)
    return plan


def _check(start: Game, players: Sequence[PlayerSpec], games: int, seed: int) -> None:
    names = Counter(spec.text for spec in players)
    twice = next((name for name, times in names.items() if times > 1), None)
    if twice is not None:
        raise ConfigError(f"player {twice!r} is named twice; name each once")
    groups = math.comb(len(players), start.num_players)
    if groups * games > MOST_GAMES:
        raise ConfigError(
            f"{argument('games')} is {games:,} for each of {groups:,} groups of players; give at most {MOST_GAMES:,} "
            "in all"
        )
    if "human" in names:
        raise ConfigError("player 'human' plays no tournaments; there is marl play")
    if len(players) < start.num_players:
        raise ConfigError(f"{start.name} needs at least {start.num_players} players; there is {len(players)}")
    for spec in players:
        make_player(spec, start, 0)
    check_between(argument("seed"), seed, 0, SEED_BELOW - 1)


def _classic_groups(start: Game, players: Sequence[PlayerSpec]) -> tuple[tuple[int, ...], ...]:
    if start.num_players != 2:
        raise ConfigError(f"{argument('classic')} is for games of two; {start.name} has {start.num_players} players")
    first = [place for place, spec in enumerate(players) if spec.kind == "negamax"]
    others = [place for place, spec in enumerate(players) if spec.kind != "negamax"]
    if not first or not others:
        raise ConfigError(
            f"{argument('classic')} lets negamax begin against others; name a negamax, e.g. negamax:9, and another"
        )
    return tuple((place, other) for place in first for other in others)


def rounds_of(plan: TournamentPlan) -> Iterator[Round]:
    """All rounds, opening by opening, so that in a stopped tournament all groups have played the same openings."""
    for opening in range(plan.openings):
        for group in plan.groups:
            yield Round(opening, (group,) if plan.classic else tuple(permutations(group)))


def opening_of(start: Game, plan: TournamentPlan, number: int) -> Game:
    """First position of an opening's games: the same for all groups and seatings.

    Each action is drawn among all legal ones; if that ends the game, all are drawn again.

    Args:
        start: first position of the game.
        plan: of the tournament.
        number: number of the opening.

    Raises:
        ConfigError: if games are nearly always over after that many actions.
    """
    generator = np.random.default_rng(seed_of(plan.seed, "opening", number))
    for _ in range(MOST_DRAWS):
        position = start
        for _ in range(plan.plies):
            if position.over:
                break
            position = position.play(int(generator.choice(position.legal)))
        if not position.over:
            return position
    told = f"{argument('opening_plies')} is {plan.plies}, after which games of {start.name} are over"
    raise ConfigError(f"{told}; give fewer")


def seed_of(*parts: object) -> int:
    """Seed from a hash of the parts: independent of other parts, of the process and of the order of play."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "big")
