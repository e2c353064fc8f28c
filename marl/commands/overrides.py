"""Options of ``marl train`` that replace a whole part of a preset, before its fields are typed.

``--team A=3,B=1`` replaces ``env.team``, ``--algorithm.name a2c`` the kind of ``algorithm``, and any
part by its dotted name is replaced by YAML: ``--env.communication None``,
``--env.classes '{A: [landmarks], C: [prey, teammates]}'``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from marl.api import replace_field
from marl.errors import ConfigError
from marl.roster import parse_team
from marl.run_config import RunConfig, read_config, switch_algorithm

__all__ = ["option", "with_parts"]

SHORT = {"team": "env.team", "prey": "env.prey"}


def option(arguments: list[str], name: str) -> str | None:
    """The value of ``--name VALUE`` or ``--name=VALUE`` among what was typed, or None."""
    flag = f"--{name}"
    for i, argument in enumerate(arguments):
        if argument.startswith(flag + "="):
            return argument.removeprefix(flag + "=")
        if argument == flag and i + 1 < len(arguments):
            return arguments[i + 1]
    return None


def with_parts(config: RunConfig[Any], arguments: list[str], source: str) -> tuple[RunConfig[Any], list[str]]:
    """Replaces the parts of a preset that are named as a whole.

    Args:
        config: of the preset.
        arguments: as typed.
        source: named in errors.

    Returns:
        The changed configuration, and the arguments that are left.

    Raises:
        ConfigError: if a part or its value will not do.
    """
    values, left = config.model_dump(mode="json"), []
    rest = iter(arguments)
    for argument in rest:
        name, equals, text = argument.removeprefix("--").partition("=")
        path = SHORT.get(name, name).replace("-", "_").split(".")
        if not argument.startswith("--") or not _is_part(values, path, name):
            left.append(argument)
            continue
        value = text if equals else next(rest, None)
        if value is None:
            raise ConfigError(f"--{name} has no value")
        values = _replaced(values, path, name, value)
    return read_config(values, source), left


def _is_part(values: Mapping[str, Any], path: list[str], name: str) -> bool:
    if name in SHORT:
        if path[-1] not in values["env"]:
            raise ConfigError(f"--{name}: the environment {values['env']['name']!r} has no field {name!r}")
        return True
    if path == ["algorithm", "name"]:
        return True
    place: Any = values
    for part in path[:-1]:
        place = place.get(part) if isinstance(place, Mapping) else None
    return len(path) > 1 and isinstance(place, Mapping) and path[-1] in place and _is_whole(place[path[-1]], path)


def _is_whole(value: Any, path: list[str]) -> bool:
    return isinstance(value, Mapping) or (value is None and path == ["env", "communication"])


def _replaced(values: dict[str, Any], path: list[str], name: str, text: str) -> dict[str, Any]:
    if path == ["algorithm", "name"]:
        return {**values, "algorithm": switch_algorithm(values["algorithm"], text)}
    if path == ["env", "prey"]:
        return replace_field(values, path, text)
    if path == ["env", "team"] and not text.lstrip().startswith("{"):
        try:
            return replace_field(values, path, parse_team(text))
        except ValueError as error:
            raise ConfigError(f"--{name}: {error}") from error
    try:
        value = None if text == "None" else yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--{name} is {text!r}, which is not YAML; write for example {{A: 1}}") from error
    return replace_field(values, path, value)
