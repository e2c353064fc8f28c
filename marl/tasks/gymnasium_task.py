"""Gymnasium's environments by name, as tasks."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from marl.core.config import Config
from marl.core.errors import ConfigError, Note
from marl.core.task import AgentSpaces
from marl.core.wording import argument
from marl.tasks.gymnasium_config import CLASS, GymnasiumConfig
from marl.tasks.usual_settings import usual_settings

if TYPE_CHECKING:
    import torch

    from marl.core.environment import Rule, TaskEnvironment

__all__ = ["GymnasiumTask"]


@dataclass(frozen=True)
class GymnasiumTask:
    """A Gymnasium environment as a `Task`.

    Args:
        scripted: reference policies by name.
    """

    purpose = "with reference policies"

    config_type = GymnasiumConfig
    changeable = frozenset({"arguments", "wrappers", "max_episode_steps", "processes", "step_timeout"})
    policies = MappingProxyType[str, Path]({})

    scripted: Mapping[str, Rule] = field(default_factory=dict)

    def run_settings(self, algorithm: str, pictures: bool = False) -> Mapping[str, Any]:
        """Those of one agent; see `Task`."""
        return usual_settings(algorithm, pictures)

    def describe(self, config: Config) -> dict[str, Any]:
        """Name, and the settings that differ from the registered environment; see `Task`."""
        assert isinstance(config, GymnasiumConfig)
        changed = {
            "arguments": config.arguments or None,
            "wrappers": config.wrappers or None,
            "max_episode_steps": config.max_episode_steps,
        }
        return {"environment": config.name, **{name: value for name, value in changed.items() if value is not None}}

    def sides(self, config: Config) -> tuple[str, str]:
        """Raise an error, as there is only one side; see `Task`.

        Raises:
            ConfigError: always.
        """
        assert isinstance(config, GymnasiumConfig)
        raise ConfigError(f"{config.name} has a single agent and nobody to train in turn with")

    def spaces(self, config: Config) -> AgentSpaces:
        """Spaces of the one agent; see `Task`."""
        assert isinstance(config, GymnasiumConfig)
        from marl.tasks.episode_seeds import EpisodeSeeds
        from marl.tasks.generators import Draws
        from marl.tasks.guard import Guard, GuardedEnv
        from marl.tasks.gymnasium_making import make_first
        from marl.tasks.observed_masks import MASK, MaskInInfo

        first, _ = make_first(config.name, config.arguments, None, config.wrappers)
        env = GuardedEnv(first, Guard(config.name, 0), Draws())
        try:
            _, infos = env.reset(seed=EpisodeSeeds(0, 0, 1))  # no space says whether there are masks
        finally:
            env.close()
        observed = isinstance(first, MaskInInfo)
        fields, masked = (MASK,) * observed, MASK in infos and not observed
        return AgentSpaces(CLASS, env.observation_space, env.action_space, fields, masked, config.channels)

    def make(
        self, config: Config, num_copies: int, training: bool = False, device: torch.device | str = "cpu"
    ) -> TaskEnvironment:
        """Make the environment of a configuration; see `Task`."""
        assert isinstance(config, GymnasiumConfig)
        from marl.tasks.gymnasium import GymnasiumEnvironment
        from marl.tasks.process_choice import make_with_processes

        def make(
            copies: int, processes: int, step_timeout: float | None, device: torch.device | str
        ) -> GymnasiumEnvironment:
            return GymnasiumEnvironment(
                config.name,
                copies,
                config.arguments,
                config.max_episode_steps,
                processes,
                self.scripted,
                device,
                step_timeout,
                config.channels,
                config.wrappers,
            )

        made = make_with_processes(make, config, num_copies, training, device)
        if training and config.max_episode_steps is None and made.registered_limit is None:
            told = f"{config.name} is registered without a limit of steps; unless a rule of its own ends it, an episode"
            warnings.warn(f"{told} never ends: give {argument('env.max_episode_steps')}", Note, stacklevel=2)
        return made
