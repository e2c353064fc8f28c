"""Kinds of environments, offered by entry points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from marl.core.config import Config

if TYPE_CHECKING:
    import torch
    from gymnasium import Space

    from marl.core.environment import TaskEnvironment

__all__ = ["AgentSpaces", "Task"]


@dataclass(frozen=True)
class AgentSpaces:
    """Observations and actions of one agent, as those who step a Gymnasium or PettingZoo environment meet them.

    Args:
        agent_class: name of its class.
        observation: space of what it observes.
        action: space of its actions.
        fields: keys beside ``"observation"`` if it observes a dictionary of them, of which `observation` is the first:
            any of ``"action_mask"``, ``"adjacency"`` and ``"kinematics"``.
        masked: True if its infos have an ``"action_mask"``.
        channels: axis of the channels of images, ``"first"`` or ``"last"``; None if their sizes decide.
    """

    agent_class: str
    observation: Space[Any]
    action: Space[Any]
    fields: tuple[str, ...] = ()
    masked: bool = False
    channels: Literal["first", "last"] | None = None


class Task(Protocol):
    """A kind of environment; entry points of the group ``marl.environments`` name its instances."""

    @property
    def config_type(self) -> type[Config]:
        """Model of the settings; the field ``name`` is the entry point's name."""
        ...

    @property
    def changeable(self) -> frozenset[str]:
        """Settings that may differ from training without changing what features mean, e.g. ``links.range``."""
        ...

    @property
    def policies(self) -> Mapping[str, Path]:
        """Folders of the trained policies that come with the task, by name."""
        ...

    def run_settings(self, algorithm: str, pictures: bool = False) -> Mapping[str, Any]:
        """Settings of a run that suit the task, in place of those that a preset leaves out.

        Args:
            algorithm: name of the algorithm of the run.
            pictures: True if agents see pictures.
        """
        ...

    def describe(self, config: Config) -> dict[str, Any]:
        """Settings for tables and JSON, by name."""
        ...

    def sides(self, config: Config) -> tuple[str, str]:
        """Side that learns and side that it meets, e.g. ``("predators", "prey")``.

        The settings have a field named like the second side: a rule, or the folder of a run, that plays it. A field
        with ``training_`` before that name lists the opponents that training draws from.

        Raises:
            ConfigError: if the task has only one side.
        """
        ...

    def spaces(self, config: Config) -> AgentSpaces | Mapping[str, AgentSpaces]:
        """Spaces of the environment of a configuration, for those who step it themselves.

        Those of the agent of a Gymnasium environment; or those of each agent of a PettingZoo environment by its name,
        in the order of ``possible_agents``.
        """
        ...

    def make(
        self, config: Config, num_copies: int, training: bool = False, device: torch.device | str = "cpu"
    ) -> TaskEnvironment:
        """Make the environment of a configuration.

        Args:
            config: of type ``config_type``.
            num_copies: ``B``.
            training: True to activate disturbances meant for training only.
            device: device of the tensors.
        """
        ...
