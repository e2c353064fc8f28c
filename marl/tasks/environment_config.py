"""Environments from the settings of a preset."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from pydantic import ValidationError

from marl.core.config import Config
from marl.core.entry_points import MissingModuleError
from marl.core.environment import TaskEnvironment
from marl.core.errors import ConfigError
from marl.core.game import Game
from marl.core.nearest import did_you_mean
from marl.core.settings import explain, replace_field
from marl.core.task import AgentSpaces, Task
from marl.core.trust import UntrustedError
from marl.networks.image_encoder import SMALLEST
from marl.tasks.registry import find_task
from marl.tasks.spaces import ObservationSpace

__all__ = ["environment_config", "find_spaces", "game_of", "make_environment", "shows_pictures"]

MUCH = 65_536
"""Numbers that all agents observe together at a step, from which on they fill memory as pictures do."""


def environment_config(settings: Mapping[str, Any], overrides: Mapping[str, Any]) -> tuple[Task, Config]:
    """Read a task and its settings, and replace some of them.

    Raises:
        ConfigError: naming the field, the value and the accepted values.
    """
    if not isinstance(settings.get("name"), str):
        raise ConfigError(f"name is {settings.get('name')!r}; name a task, e.g. {{'name': 'simple_tag'}}")
    task = find_task(settings["name"], settings.get("registry"))
    values = dict(settings)
    fields = task.config_type.model_fields
    for name, value in overrides.items():
        place = name.split("__")
        if place[0] not in fields:
            raise ConfigError(f"{name} is {value!r}: {_no_field(name, settings['name'], fields)}")
        values = replace_field(values, place, value)
    try:
        return task, task.config_type.model_validate(values)
    except ValidationError as error:
        raise ConfigError(explain(error)) from error


def _no_field(name: str, environment: str, fields: Collection[str]) -> str:
    """Reason why a setting cannot be replaced that is not there, and what would do."""
    if name in ("team", "prey"):  # commands have options of these names for every environment
        return f"{environment} has no {name} to choose; leave it out"
    near = did_you_mean(name, fields)
    return f"there is no such field; {near}{environment} has {', '.join(sorted(fields))}"


def make_environment(
    task: Task, config: Config, num_copies: int, training: bool = False, device: torch.device | str = "cpu"
) -> TaskEnvironment:
    """Make the environment of a configuration; see `Task.make`.

    Raises:
        ConfigError: if the task refuses the configuration.
        MissingModuleError: if a module that it needs is not installed.
        UntrustedError: if its name asks for a module that is not trusted.
    """
    with _told(config):
        return task.make(config, num_copies, training=training, device=device)


def game_of(task: Task, config: Config) -> Game:
    """First position of the game that a configuration names.

    Raises:
        ConfigError: for an environment that is no turn-based game of Discrete actions.
        MissingModuleError, UntrustedError: see `make_environment`.
    """
    begin = getattr(task, "game", None)
    if begin is None:
        raise ConfigError(
            f"env.name is {getattr(config, 'name', 'env')!r}, which is no turn-based game; name one of marl list "
            "games, e.g. connect_four, or a turn-based environment of PettingZoo"
        )
    with _told(config):
        game: Game = begin(config)
        return game


def find_spaces(settings: Mapping[str, Any]) -> AgentSpaces | Mapping[str, AgentSpaces]:
    """Spaces of the environment that settings name; see `Task.spaces`.

    Raises:
        ConfigError, MissingModuleError, UntrustedError: see `make_environment`.
    """
    task, config = environment_config(settings, {})
    with _told(config):
        return task.spaces(config)


def shows_pictures(settings: Mapping[str, Any]) -> bool:
    """True if an agent sees pictures, which are images that the large network reads, or all agents see as much.

    Boards are smaller, unless many agents see one each. False where the environment cannot be made; who makes it later
    tells why.
    """
    try:
        found = find_spaces(settings)
        seen = [found] if isinstance(found, AgentSpaces) else found.values()
        spaces = [ObservationSpace(each.observation, "", each.channels) for each in seen]
    except Exception:  # of the environment's own code too
        return False
    images = [image.shape for space in spaces for image in space.image_spaces]
    numbers = sum(space.size for space in spaces) + sum(math.prod(shape) for shape in images)
    return numbers >= MUCH or any(min(shape[1:]) >= SMALLEST for shape in images)


@contextmanager
def _told(config: Config) -> Iterator[None]:
    """Name the environment in errors."""
    try:
        yield
    except UntrustedError:
        raise
    except ModuleNotFoundError as error:
        raise MissingModuleError(
            f"env.name {getattr(config, 'name', 'env')!r} needs the module {error.name!r}, which is not installed; "
            "install the package that has it"
        ) from error
    except ValueError as error:
        raise ConfigError(f"env: {error}") from error
