"""PettingZoo's environments by name, as tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from marl.core.config import Config
from marl.core.errors import ConfigError
from marl.core.task import AgentSpaces
from marl.tasks.pettingzoo.config import PettingZooConfig
from marl.tasks.usual_settings import usual_settings

if TYPE_CHECKING:
    import torch

    from marl.core.environment import TaskEnvironment
    from marl.core.game import Game

__all__ = ["PettingZooTask"]


@dataclass(frozen=True)
class PettingZooTask:
    """A PettingZoo environment as a `Task`."""

    config_type = PettingZooConfig
    changeable = frozenset(
        {
            *("arguments", "wrappers", "links.range", "links.nearest"),
            *("sides", "reward", "state", "processes", "step_timeout"),
        }
    )
    policies = MappingProxyType[str, Path]({})

    def run_settings(self, algorithm: str, pictures: bool = False) -> Mapping[str, Any]:
        """Those that suit any team; see `Task`."""
        return usual_settings(algorithm, pictures, team=True)

    def describe(self, config: Config) -> dict[str, Any]:
        """Name, and the settings that differ from the environment's own; see `Task`."""
        assert isinstance(config, PettingZooConfig)
        changed = {"arguments": config.arguments, "wrappers": config.wrappers, "members": config.members}
        return {"environment": config.name, **{name: value for name, value in changed.items() if value}}

    def sides(self, config: Config) -> tuple[str, str]:
        """Raise an error, as all agents are of one side; see `Task`.

        Raises:
            ConfigError: always.
        """
        assert isinstance(config, PettingZooConfig)
        raise ConfigError(
            f"{config.name} trains all its agents together, so there is no side to train in turn with; take marl train"
        )

    def spaces(self, config: Config) -> Mapping[str, AgentSpaces]:
        """Spaces of each agent; see `Task`."""
        assert isinstance(config, PettingZooConfig)
        from marl.tasks.observed_masks import MASK, beside_mask
        from marl.tasks.pettingzoo.making import classes_of, make_one

        env = make_one(config)
        found = {}
        for agent, kind in classes_of(env, config).items():
            seen, fields = env.observation_space(agent), []
            inner = getattr(seen, "spaces", None)
            if isinstance(inner, Mapping) and "observation" in inner:
                seen, fields = inner["observation"], [MASK] if MASK in inner else []
            elif (rest := beside_mask(seen)) is not None:
                seen, fields = rest, [MASK]
            found[agent] = AgentSpaces(kind, seen, env.action_space(agent), tuple(fields), channels=config.channels)
        return found  # not closed: that ends pygame, with which the caller's own environments may draw

    def game(self, config: Config) -> Game:
        """First position of a turn-based environment, searched through copies of it; see `marl.games.aec_game`.

        Raises:
            ConfigError: if its agents act at once, or it cannot be copied.
        """
        assert isinstance(config, PettingZooConfig)
        from pettingzoo import AECEnv

        from marl.games.aec_copies import copy_past_ezpickle
        from marl.games.aec_game import aec_game
        from marl.tasks.pettingzoo.making import make_one

        env = make_one(config)
        if not isinstance(env, AECEnv):
            raise ConfigError(f"env.name is {config.name!r}, whose agents act at once; name a turn-based game")
        env.reset(seed=0)
        game: Any = aec_game(env, copier=copy_past_ezpickle)
        return cast("Game", game)

    def make(
        self, config: Config, num_copies: int, training: bool = False, device: torch.device | str = "cpu"
    ) -> TaskEnvironment:
        """Make the environment of a configuration; see `Task`."""
        assert isinstance(config, PettingZooConfig)
        from marl.tasks.pettingzoo.making import make_environment
        from marl.tasks.process_choice import make_with_processes

        if not training:  # nobody's critic is asked
            config = config.model_copy(update={"state": False})
        return make_with_processes(partial(make_environment, config), config, num_copies, training, device)
