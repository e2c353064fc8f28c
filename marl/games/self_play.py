"""Games of a network against itself, many in lock step, and the positions to learn from that they leave."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marl.core.game import Game
from marl.core.game_structure import seen_from
from marl.games.archive import Archive
from marl.games.openings import play_openings, random_opening
from marl.games.positions import positions_of
from marl.games.search.batch_search import BatchSearch
from marl.games.search.configs import SearchConfig, simulations_at
from marl.games.search.evaluator import Evaluator
from marl.games.search.found import Found

__all__ = [
    "GamesPlayed",
    "Samples",
    "SelfPlayGroup",
    "drawn",
    "random_games",
    "temperature_moves",
]


@dataclass(frozen=True)
class Samples:
    """Positions to learn from.

    Args:
        observation: ``[S, O]``, as each mover saw it.
        legal: ``[S, A]``.
        phase: ``[S]``.
        policy: ``[S, A]``, what the search found, a distribution over the legal actions.
        value: ``[S, P]``, what the value is to be for each player, the mover first: the outcome, the value that the
            search found, or a mix (``outcome_share``), and what the search proved where it did.
    """

    observation: NDArray[np.int8]
    legal: NDArray[np.bool_]
    phase: NDArray[np.int64]
    policy: NDArray[np.float32]
    value: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.phase)

    def last(self, most: int | None) -> Samples:
        """The last of the positions, all if ``most`` is None."""
        first = 0 if most is None else max(0, len(self) - most)
        return Samples(*(getattr(self, f.name)[first:] for f in fields(self)))

    def inspect(self) -> dict[str, Any]:
        """Numbers that get a histogram in the log, by name: none."""
        return {}

    @classmethod
    def joined(cls, parts: Sequence[Samples]) -> Samples:
        """All positions of several, of one at least."""
        return cls(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)))


@dataclass
class GamesPlayed:
    """Games of a group in one iteration.

    Args:
        samples: positions of the games that ended, one part a game.
        lengths: moves of each of these games, those of its opening aside.
        returns: ``[P]`` of each.
        moves: moves of all games.
        measures: sums over these moves, by name.
    """

    samples: list[Samples] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    returns: list[NDArray[np.float64]] = field(default_factory=list)
    moves: int = 0
    measures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Moment:
    """One move of each game; leading axis ``[G]``.

    Args:
        observation, legal, phase, mover: of the positions.
        policy: ``[G, A]``, what the search found.
        value: ``[G, P]`` by seat, what it expects.
        proven: ``[G]``, True where that is certain.
    """

    observation: NDArray[np.int8]
    legal: NDArray[np.bool_]
    phase: NDArray[np.int64]
    mover: NDArray[np.int64]
    policy: NDArray[np.float32]
    value: NDArray[np.float64]
    proven: NDArray[np.bool_]


class SelfPlayGroup:
    """Games that go on side by side, with random numbers of their own.

    A game that ends is replaced at once; one that goes on when an iteration ends goes on in the next.

    Args:
        first: first position of the game.
        count: ``G``.
        search: before each move.
        seed: of all that is drawn.
        random_moves: a game begins after 0 to so many moves that are drawn evenly.
        temperature_moves: first moves that are drawn by what the search found; later ones are its best.
        outcome_share: share of the outcome in the value to learn; the rest is what the search expects.
        archive: positions of these games, in which some begin, without random moves; None for none.
        compiled: see `positions_of`.

    Raises:
        ConfigError: if games do not last as long as their openings.
    """

    def __init__(
        self,
        first: Game,
        count: int,
        search: SearchConfig,
        seed: np.random.SeedSequence,
        random_moves: int = 0,
        temperature_moves: int = 0,
        outcome_share: float = 1.0,
        archive: Archive | None = None,
        compiled: bool | None = None,
    ) -> None:
        self.first, self.config, self.random_moves = first, search, random_moves
        self._search: BatchSearch | None = None  # keeps its arrays from move to move
        self.temperature_moves, self.outcome_share, self.archive = temperature_moves, outcome_share, archive
        self.generator = np.random.default_rng(seed)
        setting = "algorithm.self_play.random_moves"
        random_opening(first, random_moves, np.random.default_rng(0), setting)  # the longest: refused here or never
        self.positions = positions_of([first] * count, compiled)
        self._begin(np.arange(count))
        self._age = np.zeros(count, np.int64)  # moves of each running game
        self._log: list[Moment] = []  # of the moves since the oldest of them began

    def play(
        self, evaluator: Evaluator, moves: int | None = None, games: int | None = None, share_done: float = 0.0
    ) -> GamesPlayed:
        """Play an iteration: a number of moves in each game, or so many games from their beginning to their end.

        Args:
            evaluator: network of all players.
            moves, games: one of both, the same in each iteration; at least ``G`` games.
            share_done: share of training done, for the number of simulations.
        """
        config = self.config.model_copy(update={"simulations": simulations_at(self.config, share_done)})
        if self._search is None or (self._search.evaluator, self._search.config) != (evaluator, config):
            self._search = BatchSearch(config, evaluator)
        played = GamesPlayed()
        if games is None:
            for _ in range(moves or 0):
                self._move(self._search, played)
                self._replace(len(self.positions))
            return played
        self._replace(len(self.positions))  # those of the last iteration have ended
        begun = len(self.positions)
        while not self.positions.over.all():
            self._move(self._search, played)
            begun += self._replace(games - begun)
        return played

    def state(self) -> dict[str, Any]:
        """State from which the games can go on exactly: arrays and strings."""
        log = {f.name: np.stack([getattr(each, f.name) for each in self._log]) for f in fields(Moment) if self._log}
        return {
            "positions": self.positions.state(),
            "age": self._age.copy(),
            "log": log,
            "generator": json.dumps(self.generator.bit_generator.state),
            **({} if self.archive is None else {"archive": self.archive.states}),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state` gave."""
        self.positions.load_state(state["positions"])
        self._age = np.array(state["age"])
        length = len(state["log"]["phase"]) if state["log"] else 0
        self._log = [Moment(**{f.name: state["log"][f.name][t] for f in fields(Moment)}) for t in range(length)]
        self.generator.bit_generator.state = json.loads(state["generator"])
        if self.archive is not None and "archive" in state:
            self.archive.states = state["archive"]

    def _move(self, search: BatchSearch, played: GamesPlayed) -> None:
        positions, running = self.positions, ~self.positions.over
        found = search.run(positions, self.generator, noise=True)
        drawn_here = self._age < temperature_moves(self.config, self.temperature_moves)
        actions = np.where(drawn_here & running, drawn(found.target, self.generator), found.action)
        self._log.append(
            Moment(
                positions.observation,
                positions.legal,
                positions.phase,
                positions.mover,
                found.target,
                found.root_value,
                found.proven,
            )
        )
        if self.archive is not None:
            self.archive.add(positions.state()[running])
        self._age += running
        played.moves += int(running.sum())
        _measure(found, played.measures)
        positions.play(actions)
        for game in np.flatnonzero(positions.over & running):
            self._finish(int(game), played)
            self._age[game] = 0
        del self._log[: len(self._log) - int(self._age.max(initial=0))]

    def _replace(self, most: int) -> int:
        """Begin new games in the places of some that have ended, the first ones; returns their number."""
        over = np.flatnonzero(self.positions.over)[:most]
        if len(over):
            self.positions.replace(over, [self.first] * len(over))
            self._begin(over)
        return len(over)

    def _finish(self, game: int, played: GamesPlayed) -> None:
        """Make samples of the moves of a game that has ended."""
        moments = self._log[-self._age[game] :]
        rows = {f.name: np.stack([getattr(each, f.name)[game] for each in moments]) for f in fields(Moment)}
        outcome = self.positions.returns[game].copy()
        expected, share = rows["value"], self.outcome_share
        mixed = share * outcome + (1 - share) * expected
        value = seen_from(np.where(rows["proven"][:, None], expected, mixed), rows["mover"]).astype(np.float32)
        played.samples.append(Samples(rows["observation"], rows["legal"], rows["phase"], rows["policy"], value))
        played.lengths.append(len(moments))
        played.returns.append(outcome)
        error = seen_from(expected - outcome, rows["mover"])[:, 0]
        _add(played.measures, "value_error", float(np.abs(error).sum()))
        _add(played.measures, "value_errors", len(error))

    def _begin(self, places: NDArray[np.int64]) -> None:
        """Begin games in some places, which have the first position: in the archive, or after an opening."""
        if self.archive is not None:
            places = self.archive.begin(self.positions, places, self.generator)
        numbers = self.generator.integers(self.random_moves + 1, size=len(places))
        openings = [random_opening(self.first, int(number), self.generator) for number in numbers]
        play_openings(self.positions, places, openings)


def random_games(first: Game, number: int, generator: np.random.Generator) -> list[Samples]:
    """Positions of games of random moves: policies are even, values are the outcomes; one part a game."""
    played = []
    for _ in range(number):
        games, game = [], first
        while not game.over:
            games.append(game)
            game = game.play(int(generator.choice(game.legal)))
        positions, outcome = positions_of(games), np.array(game.returns)
        policy = (positions.legal / positions.legal.sum(1, keepdims=True)).astype(np.float32)
        value = seen_from(np.broadcast_to(outcome, (len(games), len(outcome))), positions.mover).astype(np.float32)
        played.append(Samples(positions.observation, positions.legal, positions.phase, policy, value))
    return played


def temperature_moves(config: SearchConfig, moves: int) -> int:
    """Number of first moves that are drawn by what a search found; none for gumbel, whose noise is in its choice."""
    return moves if config.kind == "puct" else 0


def drawn(shares: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.int64]:
    """Draw an action from each distribution ``[G, A]``, by inversion of the cumulative distribution."""
    cumulative = shares.cumsum(1, dtype=np.float64)
    limits = generator.random(len(shares)) * cumulative[:, -1]
    # the last action of positive share, not the last of all, where rounding leaves the limit at the top
    most = shares.shape[1] - 1 - (shares[:, ::-1] > 0).argmax(1)
    found: NDArray[np.int64] = np.minimum((cumulative <= limits[:, None]).sum(1), most)
    return found


def _measure(found: Found, measures: dict[str, float]) -> None:
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(found.target > 0, np.log(found.target), 0.0)
        priors = np.where(found.target > 0, np.log(np.maximum(found.priors, 1e-30)), 0.0)
    _add(measures, "entropy", float(-(found.target * logs).sum()))
    _add(measures, "kl", float((found.target * (logs - priors)).sum()))
    _add(measures, "proven", float(found.proven.sum()))


def _add(measures: dict[str, float], name: str, amount: float) -> None:
    measures[name] = measures.get(name, 0.0) + amount
