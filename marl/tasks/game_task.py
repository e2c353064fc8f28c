"""Turn-based games by name, as tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marl.core.config import Config
from marl.core.game import Game
from marl.games.registry import new_game
from marl.tasks.pettingzoo.config import PettingZooConfig
from marl.tasks.pettingzoo.task import PettingZooTask

__all__ = ["GameTask"]


@dataclass(frozen=True)
class GameTask(PettingZooTask):
    """A `Game` as a `Task`: its players take turns in a PettingZoo environment, see `marl.games.turn_based`."""

    def describe(self, config: Config) -> dict[str, Any]:
        """Name; see `Task`."""
        assert isinstance(config, PettingZooConfig)
        return {"game": config.name}

    def game(self, config: Config) -> Game:
        """First position; see `game_of`."""
        assert isinstance(config, PettingZooConfig)
        return new_game(config.name)
