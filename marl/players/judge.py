"""Mistakes of players in positions in which the value of every move is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

from marl.core.errors import ConfigError
from marl.core.game import Game
from marl.core.limits import SEED_BELOW, check_between
from marl.core.version import __version__
from marl.core.wording import argument
from marl.games.judges.judged_positions import JudgedPosition, judged_positions
from marl.games.registry import new_game
from marl.maths.intervals import wilson_interval
from marl.players.player import Player, choose_all
from marl.players.specs import PlayerSpec, make_player, parse_player, present_networks
from marl.players.tournament.plan import seed_of

__all__ = ["JudgeReport", "JudgedPlayer", "Mistakes", "count_mistakes", "judge"]


@dataclass(frozen=True)
class Mistakes:
    """Mistakes of a player in one bucket of positions; see `JudgedPosition.is_mistake`.

    Args:
        mistakes: number of positions in which the player made one.
        positions: number of all.
    """

    mistakes: int
    positions: int

    @property
    def share(self) -> float:
        """Share of positions with a mistake."""
        return self.mistakes / self.positions

    @property
    def share_ci95(self) -> tuple[float, float]:
        """Wilson interval of the share."""
        return wilson_interval(self.mistakes, self.positions)

    def as_json(self) -> dict[str, Any]:
        """Counts, share and interval."""
        counts = {"positions": self.positions, "mistakes": self.mistakes}
        return counts | {"share": self.share, "share_ci95": list(self.share_ci95)}


@dataclass(frozen=True)
class JudgedPlayer:
    """Mistakes of one player, by bucket."""

    player: str
    buckets: Mapping[str, Mistakes]

    def as_json(self) -> dict[str, Any]:
        """Name, and mistakes by bucket."""
        return {"player": self.player, "buckets": {name: each.as_json() for name, each in self.buckets.items()}}


@dataclass(frozen=True)
class JudgeReport:
    """Mistakes of players in the same positions.

    Args:
        game: name of the game.
        players: in the order in which they were named.
        seed: of the sample and of the players' draws.
    """

    game: str
    players: tuple[JudgedPlayer, ...]
    seed: int

    def as_json(self) -> dict[str, Any]:
        """Fields by name, and the version."""
        players = [player.as_json() for player in self.players]
        return {"game": self.game, "players": players, "seed": self.seed, "version": __version__}


def count_mistakes(
    make: Callable[[int], Player], positions: Sequence[JudgedPosition], watch: Callable[[], None] = lambda: None
) -> Mistakes:
    """Count the mistakes of a player.

    Args:
        make: makes the player, see `choose_all`.
        positions: at least one.
        watch: called after each position.

    Raises:
        IllegalActionError: if the player chooses an illegal action.
    """
    mistakes = 0
    actions = choose_all(make, [position.game for position in positions])
    for position, action in zip(positions, actions, strict=True):
        mistakes += position.is_mistake(action)
        watch()
    return Mistakes(mistakes, len(positions))


def judge(
    game: str,
    players: Sequence[str],
    positions: int | None = None,
    seed: int = 0,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> JudgeReport:
    """Count the mistakes of players in positions in which the value of every move is known.

    A mistake is a move where another one leads to a better of won, drawn, lost under perfect play. The players' draws
    depend on the seed, the bucket and the position alone.

    Args:
        game: name of a game with a judge, see `marl.games.judges.judged_positions.judged_games`.
        players: as on the command line, e.g. ``uct:1000``.
        positions: positions of each bucket, drawn by the seed; all if None.
        seed: of the sample and of the players' draws.
        watch: called with the number of moves chosen and of all.

    Raises:
        ConfigError: for a game without a judge, a player that cannot play it, a human, a player named twice, or a
            number that cannot be used.
    """
    check_between(argument("seed"), seed, 0, SEED_BELOW - 1)
    specs = [parse_player(text) for text in players]
    buckets = judged_positions(game, positions, seed)
    start = new_game(game)
    _check(specs, start)
    done, total = count(1), len(specs) * sum(map(len, buckets.values()))
    watch(0, total)
    with present_networks(specs) as present:
        judged = [
            JudgedPlayer(
                spec.text,
                {
                    name: count_mistakes(
                        partial(_player, spec, start, seed, name), bucket, lambda: watch(next(done), total)
                    )
                    for name, bucket in buckets.items()
                },
            )
            for spec in present
        ]
    return JudgeReport(game, tuple(judged), seed)


def _player(spec: PlayerSpec, start: Game, seed: int, bucket: str, number: int) -> Player:
    return make_player(spec, start, seed_of(seed, spec.text, bucket, number))


def _check(specs: Sequence[PlayerSpec], start: Game) -> None:
    """Check before any move that all can play."""
    if not specs:
        raise ConfigError("nobody is judged; name a player, e.g. uct:1000")
    twice = next((name for name, times in Counter(spec.text for spec in specs).items() if times > 1), None)
    if twice is not None:
        raise ConfigError(f"player {twice!r} is named twice; name each once")
    for spec in specs:
        if spec.kind == "human":
            raise ConfigError("player 'human' cannot be judged, nobody wants to play thousands of moves; name another")
        make_player(spec, start, 0)
