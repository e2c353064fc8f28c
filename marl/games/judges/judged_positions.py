"""Positions in which the value of every move is known: the judges of players.

The judge of a game is a file ``GAME.json`` beside this module, made by ``experiments/make_judge.py``; its ``format``
says how it is read. A game of few positions is solved here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from marl.core.errors import ConfigError
from marl.core.game import Game
from marl.core.limits import check_between
from marl.core.reading import read_json
from marl.core.wording import argument
from marl.games.registry import new_game

__all__ = ["VALUES", "JudgedPosition", "judged_games", "judged_positions", "solve"]

T = TypeVar("T")

SOLVED_HERE = ("tic_tac_toe",)
VALUES = {"+": 1.0, "=": 0.0, "-": -1.0}
"""Value of a move for the player who makes it, by its sign in a file."""


@dataclass(frozen=True)
class JudgedPosition:
    """Position with the value of every move under perfect play.

    Args:
        game: not finished.
        values: ``[n]``, for each legal action in rising order the mover's return: 1 won, 0 drawn, -1 lost.
    """

    game: Game
    values: tuple[float, ...]

    def is_mistake(self, action: int) -> bool:
        """True if another action leads to a better of won, drawn, lost.

        Raises:
            IllegalActionError: if the action is not legal.
        """
        self.game.play(action)  # which refuses it by the rules
        return self.values[self.game.legal.index(action)] < max(self.values)


def judged_games() -> tuple[str, ...]:
    """Names of the games that have a judge, sorted."""
    return tuple(sorted((*SOLVED_HERE, *_judge_files())))


def judged_positions(name: str, most: int | None = None, seed: int = 0) -> dict[str, tuple[JudgedPosition, ...]]:
    """Positions of a game's judge, by the names of their buckets.

    Args:
        name: of the game.
        most: positions of each bucket, drawn without repetition; all if None. With the same seed more hold the fewer.
        seed: of the draws.

    Raises:
        ConfigError: for a game without a judge, or a variant of a game, naming those that have one; for more positions
            than there are.
    """
    start = new_game(name)
    if name not in judged_games():
        hint = f"; write {start.name}" if start.name in judged_games() else ""
        raise ConfigError(f"{name} has no judge{hint}; there is one of {', '.join(judged_games())}")
    if name in SOLVED_HERE:
        solved = [JudgedPosition(game, values) for game, values in solve(start).items()]
        return {"all": tuple(_sample(solved, most, seed))}
    buckets: Mapping[str, list[str]] = read_json(_judge_files()[name])["buckets"]
    return {
        bucket: tuple(_read(start, line) for line in _sample(lines, most, seed)) for bucket, lines in buckets.items()
    }


def _sample(positions: list[T], most: int | None, seed: int) -> list[T]:
    if most is None:
        return positions
    check_between(argument("positions"), most, 1, len(positions))
    order = np.random.default_rng(seed).permutation(len(positions))
    return [positions[place] for place in order[:most]]


def _judge_files() -> dict[str, Path]:
    return {path.stem: path for path in Path(__file__).parent.glob("*.json")}


def _read(game: Any, line: str) -> JudgedPosition:
    moves, values = line.split(" ")
    for move in moves:
        game = game.play(game.read(move))
    return JudgedPosition(game, tuple(VALUES[value] for value in values))


def solve(start: Game) -> dict[Game, tuple[float, ...]]:
    """Values of every move in every unfinished position of a game, see `JudgedPosition`; every one is played."""
    found: dict[Game, tuple[float, ...]] = {}
    ends: dict[Game, tuple[float, ...]] = {}

    def returns(game: Game) -> tuple[float, ...]:
        """Returns of the seats if everyone plays the best action."""
        if game.over:
            return game.returns
        if game not in ends:
            after = [returns(game.play(action)) for action in game.legal]
            found[game] = tuple(each[game.mover] for each in after)
            ends[game] = max(after, key=lambda each: each[game.mover])
        return ends[game]

    returns(start)
    return found
