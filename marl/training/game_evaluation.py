"""Evaluation of a game's network in training: games against other players."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import mean
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from marl.algorithms.alpha_zero_config import AlphaZeroConfig
from marl.core.errors import ConfigError
from marl.core.game import Game
from marl.evaluation.episodes import StoppedError
from marl.games.board_picture import drawable
from marl.players.game_film import play_moments, sheet
from marl.players.network_player import NetworkPlayer
from marl.players.specs import PlayerSpec, make_player, parse_player
from marl.players.strength import RANDOM_MOVES, measure_strength
from marl.policies.game_network import GameNetwork
from marl.policies.policy import Policy
from marl.training.evaluation import EVALUATION_SEED, PICTURE_SEED
from marl.training.run_config import RunConfig

__all__ = ["GameEvaluation"]


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

    def measure(self, policy: Policy, watch: Callable[[int, int, int], bool]) -> dict[str, float]:
        """Share of the points against each player; see `Evaluation`."""
        player, games = NetworkPlayer(cast(GameNetwork, policy)), self.config.evaluation_episodes

        def told(ended: int, total: int, moves: int) -> bool:
            if not watch(ended, total, moves):
                raise StoppedError
            return True

        seed = EVALUATION_SEED + self.config.seed
        scores = measure_strength(self.game, player, self.opponents, games, seed, told)
        return {f"points/{score.opponent}": score.share for score in scores}

    def score(self, measures: Mapping[str, float]) -> float | None:
        """Mean share of the points; none where nobody is met, or an arena finds the best network."""
        algorithm = cast(AlphaZeroConfig, self.config.algorithm)
        return mean(measures.values()) if measures and algorithm.arena is None else None

    def draw(self, policy: Policy, watch: Callable[[], bool]) -> NDArray[np.uint8] | None:
        """Four positions of a game against itself, with what its searches found; see `Evaluation`."""

        def told() -> None:
            if not watch():
                raise StoppedError

        try:
            shown = drawable(self.game)
        except ConfigError:
            return None
        generator = np.random.default_rng(PICTURE_SEED + self.config.seed)
        player = NetworkPlayer(cast(GameNetwork, policy))
        return sheet(list(play_moments(shown, player, RANDOM_MOVES, generator, told)))


def _opponent(name: str, game: Game) -> PlayerSpec:
    spec = parse_player(name)
    if spec.kind == "human":
        raise ConfigError("algorithm.evaluation_players names human; name players that play by themselves")
    make_player(spec, game, 0)
    return spec
