"""Evaluation of a game's network in training: games against other players."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from marl.algorithms.alpha_zero_config import AlphaZeroConfig
from marl.core.errors import ConfigError
from marl.core.game import Game
from marl.evaluation.episodes import StoppedError
from marl.games.arena import points_of
from marl.games.board_picture import board_picture, drawable
from marl.games.self_play import random_opening
from marl.players.match import play_matches
from marl.players.network_player import NetworkPlayer
from marl.players.player import Player
from marl.players.specs import PlayerSpec, make_player, parse_player
from marl.policies.game_network import GameNetwork
from marl.policies.policy import Policy
from marl.training.evaluation import EVALUATION_SEED, PICTURE_SEED
from marl.training.run_config import RunConfig

__all__ = ["GameEvaluation", "points_against"]

RANDOM_MOVES = 2
"""Moves of the openings, which are drawn."""


class GameEvaluation:
    """Games against the players that ``algorithm.evaluation_players`` names. An `Evaluation`.

    Args:
        config: of the run.
        game: first position.

    Raises:
        ConfigError: for a player that is unknown, cannot play the game, or is a person.
    """

    def __init__(self, config: RunConfig[Any], game: Game) -> None:
        self.config, self.game = config, game
        algorithm = cast(AlphaZeroConfig, config.algorithm)
        self.opponents = [_opponent(name, game) for name in algorithm.evaluation_players]

    def measure(self, policy: Policy, watch: Callable[[int, int], bool]) -> dict[str, float]:
        """Share of the points against each player; see `Evaluation`."""
        player, games = NetworkPlayer(cast(GameNetwork, policy)), self.config.evaluation_episodes
        measures, seed = {}, EVALUATION_SEED + self.config.seed
        for number, spec in enumerate(self.opponents):
            told = partial(_told, watch, number * games, len(self.opponents) * games)
            measures[f"points/{spec.text}"] = float(np.mean(points_against(self.game, player, spec, games, seed, told)))
        return measures

    def draw(self, policy: Policy, watch: Callable[[], bool]) -> NDArray[np.uint8] | None:
        """Last position of a game against itself; see `Evaluation`."""
        try:
            shown = drawable(self.game)
        except ConfigError:
            return None
        player = NetworkPlayer(cast(GameNetwork, policy))
        generator = np.random.default_rng(PICTURE_SEED + self.config.seed)
        position: Any = shown
        for action in random_opening(self.game, RANDOM_MOVES, generator):
            position = position.play(action)
        while not position.over:
            if not watch():
                raise StoppedError
            position = position.play(player.choose(position))
        return board_picture(position)


def points_against(
    first: Game, player: Player, opponent: PlayerSpec, games: int, seed: int, watch: Callable[[int], bool]
) -> NDArray[np.float64]:
    """Points of a player in games against others, from drawn openings, each from all seats.

    Args:
        first: first position.
        player: plays one seat of each game; see `play_matches`.
        opponent: specification of the players of all other seats.
        games: number of games, rounded up to whole openings.
        seed: of openings and opponents.
        watch: see `play_matches`.

    Returns:
        For each game that has ended its share of the point.
    """
    openings, seats = -(-games // first.num_players), first.num_players
    starts: list[Game] = []
    tables: list[list[Player]] = []
    for number in range(openings):
        generator = np.random.default_rng([seed, number])
        start = first
        for action in random_opening(first, RANDOM_MOVES, generator):
            start = start.play(action)
        for own in range(seats):
            others = [make_player(opponent, first, int(generator.integers(2**31))) for _ in range(seats)]
            starts.append(start)
            tables.append([player if seat == own else others[seat] for seat in range(seats)])
    matches = play_matches(starts, tables, watch)
    returns = np.array([match.returns for match in matches])
    return points_of(returns)[np.arange(len(returns)), np.arange(len(returns)) % seats]


def _told(watch: Callable[[int, int], bool], before: int, total: int, ended: int) -> bool:
    if not watch(min(before + ended, total), total):
        raise StoppedError
    return True


def _opponent(name: str, game: Game) -> PlayerSpec:
    spec = parse_player(name)
    if spec.kind == "human":
        raise ConfigError("algorithm.evaluation_players names human; name players that play by themselves")
    make_player(spec, game, 0)
    return spec
