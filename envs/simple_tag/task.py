"""simple_tag as a task: from settings to an environment."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from marl.core.config import Config
from marl.core.errors import ConfigError
from marl.core.task import AgentSpaces
from marl.envs.simple_tag.config import SimpleTagConfig
from marl.envs.simple_tag.shipped import SHIPPED
from marl.envs.simple_tag.sides import OPPONENTS

if TYPE_CHECKING:
    import torch

    from marl.core.environment import TaskEnvironment

__all__ = ["SimpleTagTask", "task"]


class SimpleTagTask:
    """The task simple_tag; see `marl.core.task.Task`."""

    purpose = "teams of predators and prey among obstacles, MPE's simple_tag on tensors or in mpe2"
    policy_purposes = MappingProxyType(
        {
            "predator_team": "two predators that see obstacles and two that see the prey, trained against random prey",
            "memory_team": "the same where velocities are hidden, so that memory is worth something",
            "held_out_prey": "a prey that learnt to escape two to eight greedy predators; no preset trains against it",
        }
    )
    config_type = SimpleTagConfig
    changeable = frozenset(
        {
            "backend",
            "side",
            "sides",
            "team",
            "training_teams",
            "curriculum",
            "arena",
            "communication",
            "prey",
            "training_prey",
            "prey_noise",
            "predators",
            "training_predators",
            "num_prey",
            "num_predators",
            "training_num_predators",
            "max_cycles",
        }
    )

    policies = MappingProxyType({**SHIPPED["predators"], **SHIPPED["prey"]})

    def run_settings(self, algorithm: str, pictures: bool = False) -> Mapping[str, Any]:
        """None: the defaults of a run are those of its teams; see `marl.core.task.Task`."""
        return {}

    def describe(self, config: Config) -> dict[str, Any]:
        """Team, opponents, length of episodes and simulator; see `marl.core.task.Task`."""
        assert isinstance(config, SimpleTagConfig)
        named = ("team", *(() if config.both else (OPPONENTS[config.side],)), "max_cycles", "backend")
        return {name: getattr(config, name) for name in named}

    def sides(self, config: Config) -> tuple[str, str]:
        """Both sides, the one that learns first; see `marl.core.task.Task`.

        Raises:
            ConfigError: if the agents of both sides learn.
        """
        assert isinstance(config, SimpleTagConfig)
        if config.both:
            raise ConfigError("both sides are agents; name who plays one in sides, e.g. sides.prey.fixed: flee")
        return config.side, OPPONENTS[config.side]

    def spaces(self, config: Config) -> Mapping[str, AgentSpaces]:
        """Spaces of each agent, as mpe2 with the wrappers has them; see `Task`."""
        assert isinstance(config, SimpleTagConfig)
        from marl.envs.simple_tag.making import spaces_of

        return spaces_of(config)

    def make(
        self, config: Config, num_copies: int, training: bool = False, device: torch.device | str = "cpu"
    ) -> TaskEnvironment:
        """Make the environment that a configuration describes; see `marl.core.task.Task`."""
        assert isinstance(config, SimpleTagConfig)
        from marl.envs.simple_tag.making import make_simple_tag

        return make_simple_tag(config, num_copies, training, device)


task = SimpleTagTask()
