"""Kinds of environments, which entry points name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from marl.core.config import Config

if TYPE_CHECKING:
    import torch

    from marl.core.environment import TaskEnvironment

__all__ = ["Task"]


class Task(Protocol):
    """What an entry point of the group ``marl.environments`` names: a kind of environment."""

    @property
    def config_type(self) -> type[Config]:
        """Its settings; the field ``name`` is the entry point's name."""
        ...

    @property
    def changeable(self) -> frozenset[str]:
        """Settings that may differ from training without changing what a policy's features mean."""
        ...

    @property
    def policies(self) -> Mapping[str, Path]:
        """Trained policies that come with the task: by name the folder of each."""
        ...

    def describe(self, config: Config) -> dict[str, Any]:
        """The settings that say what was played, for tables and JSON, by name."""
        ...

    def sides(self, config: Config) -> tuple[str, str]:
        """The side that learns and the side that it meets, e.g. ``("predators", "prey")``.

        The settings have a field named as the latter, which says by a name or the folder of a run who
        plays it, and one with ``training_`` before it, a list that training draws from.

        Raises:
            ConfigError: if the task has only one side.
        """
        ...

    def make(
        self, config: Config, num_copies: int, training: bool = False, device: torch.device | str = "cpu"
    ) -> TaskEnvironment:
        """Makes the environment that a configuration describes.

        Args:
            config: of type ``config_type``.
            num_copies: ``B``.
            training: whether disturbances meant for training only are active.
            device: where the tensors live.
        """
        ...
