"""Options of ``marl train`` that name fields of the preset.

``--env.communication.range 2`` sets a field by its dotted name, ``--policy.encoder.hidden 64 32`` a
list, ``--env.communication None`` or ``--env.classes '{A: [landmarks]}'`` a whole part as YAML.
``--team A=3,B=1`` is short for ``--env.team``, ``--prey flee`` for ``--env.prey``, and
``--algorithm.name a2c`` changes the kind of the algorithm and keeps what both have in common.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_origin

from marl.core.composition import parse_team
from marl.core.config import Config
from marl.core.errors import ConfigError
from marl.core.reading import parse_yaml
from marl.core.settings import completed, part_of, shown_value
from marl.core.task import Task
from marl.training.field_paths import SHORT, with_override
from marl.training.run_config import RunConfig

__all__ = ["option", "with_overrides"]


def option(arguments: list[str], name: str) -> str | None:
    """Value of ``--name VALUE`` or ``--name=VALUE`` in the typed arguments, or None."""
    for flag, words in _groups(arguments):
        if flag == name and words:
            return words[0]
    return None


def with_overrides(values: Mapping[str, Any], task: Task, arguments: list[str]) -> tuple[Mapping[str, Any], list[str]]:
    """Replace the fields that options name.

    Args:
        values: complete settings of the preset.
        task: task that they name.
        arguments: as typed.

    Returns:
        The changed settings, and the arguments that name no field, or lack a value.

    Raises:
        ConfigError: if a value cannot be used.
    """
    model: type[Config] = RunConfig[task.config_type]  # type: ignore[name-defined]
    left: list[str] = []
    # another algorithm has other fields, which may be named before it
    for flag, words in sorted(_groups(arguments), key=lambda group: group[0] not in ("", "algorithm.name")):
        path = SHORT.get(flag) or flag.replace("-", "_").split(".")
        if flag in SHORT and path[-1] not in values["env"]:
            raise ConfigError(f"--{flag}: the environment {values['env']['name']!r} has no field {flag!r}")
        _check_part(values, path, flag)
        if words and _is_field(values, path):
            values = _replaced(values, path, flag, words, _is_sequence(model, values, path))
            values = completed(model, values) if flag == "algorithm.name" else values
        elif not words and (switch := _switched(values, path)) is not None:
            values = with_override(values, *switch)
        else:
            left += [f"--{flag}" if flag else "", *words]
    return values, [word for word in left if word]


def _groups(arguments: list[str]) -> list[tuple[str, list[str]]]:
    """Group each option without its dashes with the words after it; words before the first option under ''."""
    groups: list[tuple[str, list[str]]] = [("", [])]
    for argument in arguments:
        if argument.startswith("--"):
            flag, equals, value = argument.removeprefix("--").partition("=")
            groups.append((flag, [value] if equals else []))
        else:
            groups[-1][1].append(argument)
    return groups


def _is_field(values: Mapping[str, Any], path: list[str]) -> bool:
    place: Any = values
    for part in path[:-1]:
        place = place.get(part) if isinstance(place, Mapping) else None
    return isinstance(place, Mapping) and path[-1] in place


def _check_part(values: Mapping[str, Any], path: list[str], flag: str) -> None:
    place: Any = values
    for depth, part in enumerate(path[:-1], 1):
        place = place.get(part) if isinstance(place, Mapping) else None
        if not isinstance(place, Mapping) and _is_field(values, path[:depth]):
            whole = ".".join(path[:depth])
            raise ConfigError(
                f"--{flag}: {whole} is {shown_value(place)} here; give the whole part, e.g. --{whole} "
                f"'{{{path[-1]}: ...}}'"
            )


def _switched(values: Mapping[str, Any], path: list[str]) -> tuple[list[str], bool] | None:
    """Field that a flag without a value switches on, or off with ``no-`` before its name; None if there is none."""
    off = [*path[:-1], path[-1].removeprefix("no_")]
    for field, value in ((path, True), (off, False)):
        if _is_field(values, field) and isinstance(_value_at(values, field), bool):
            return field, value
    return None


def _value_at(values: Mapping[str, Any], path: list[str]) -> Any:
    for part in path:
        values = values[part]
    return values


def _is_sequence(model: type[Config], values: Mapping[str, Any], path: list[str]) -> bool:
    """True for a field that takes a list and nothing else; a schedule takes a number, too."""
    present: type[Config] | None = model
    for depth, part in enumerate(path[:-1], 1):
        inner, field = _value_at(values, path[:depth]), None if present is None else present.model_fields.get(part)
        present = part_of(field.annotation, inner) if field is not None and isinstance(inner, Mapping) else None
    if present is None:  # an entry of a mapping, such as a class
        return isinstance(_value_at(values, path), list | tuple)
    field = present.model_fields.get(path[-1])
    return field is not None and get_origin(field.annotation) is tuple


def _replaced(
    values: Mapping[str, Any], path: list[str], flag: str, words: list[str], sequence: bool
) -> Mapping[str, Any]:
    if path == ["algorithm", "name"]:
        return with_override(values, path, " ".join(words))
    if path == ["env", "team"] and not words[0].startswith("{"):
        try:
            return with_override(values, path, parse_team(" ".join(words)))
        except ValueError as error:
            raise ConfigError(f"--{flag}: {error}") from error
    parts = [_value(word, flag) for word in words]
    several = len(parts) > 1 or (sequence and isinstance(parts[0], str))
    return with_override(values, path, parts if several else parts[0])


def _value(text: str, flag: str) -> Any:
    """Convert a word to a value; the configuration's types turn text into numbers and truth values."""
    if text in ("None", "null"):  # "none" is a choice of some fields
        return None
    if not text.startswith(("{", "[")):
        return text
    try:
        return parse_yaml(text)
    except ValueError as error:
        raise ConfigError(
            f"--{flag} is {shown_value(text)}, which is not YAML; write for example {{A: [landmarks]}} ({error})"
        ) from error
