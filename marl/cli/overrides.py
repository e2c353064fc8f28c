"""Options that name fields: of the preset for ``marl train``, of the environment for commands that play.

``--env.communication.range 2`` sets a field by its dotted name, ``--policy.encoder.hidden 64 32`` a
list, ``--env.communication None`` or ``--env.classes '{A: [landmarks]}'`` a part as YAML, and
``--env.arguments.is_slippery False`` an entry of a mapping, which need not be there, as YAML where it may be anything.
``--team A=3,B=1`` is short for ``--env.team``, ``--prey flee`` for ``--env.prey``, and
``--algorithm.name a2c`` changes the kind of the algorithm and keeps what both have in common.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_origin

from marl.core.config import Config
from marl.core.errors import ConfigError
from marl.core.reading import parse_yaml
from marl.core.settings import completed, shown_value, type_at
from marl.core.task import Task
from marl.training.field_paths import SHORT, with_override
from marl.training.run_config import RunConfig

__all__ = ["grouped", "option", "split_environment", "with_overrides"]


def option(arguments: list[str], name: str) -> str | None:
    """Value of ``--name VALUE`` or ``--name=VALUE`` in the typed arguments, or None."""
    for flag, words in grouped(arguments):
        if flag == name and words:
            return words[0]
    return None


def split_environment(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Separate the options ``--env.FIELD`` from all other words."""
    fields: list[str] = []
    others: list[str] = []
    taken = others
    for word in arguments:
        if word.startswith("--") or word == "-h":
            taken = fields if word.startswith("--env.") else others
        taken.append(word)
    return fields, others


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
    # an algorithm or part of another kind has other fields, which may be named before it
    order = ("", "algorithm.name")
    for flag, words in sorted(grouped(arguments), key=lambda group: (group[0] not in order, not _is_kind(group[0]))):
        path = SHORT.get(flag) or flag.replace("-", "_").split(".")
        if flag in SHORT and path[-1] not in values["env"]:
            raise ConfigError(f"--{flag}: {values['env']['name']} has no {flag} to choose; leave it out")
        _check_part(values, path, flag)
        kind = type_at(model, values, path)
        if words and (_is_field(values, path) or kind is not None):
            values = _replaced(model, values, path, flag, words, kind)
            values = completed(model, values) if flag == "algorithm.name" or _is_kind(flag) else values
        elif not words and (switch := _switched(values, path)) is not None:
            values = with_override(values, *switch, model)
        else:
            left += [f"--{flag}" if flag else "", *words]
    return values, [word for word in left if word]


def grouped(arguments: list[str]) -> list[tuple[str, list[str]]]:
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


def _is_kind(flag: str) -> bool:
    return flag.endswith(".kind")


def _replaced(
    model: type[Config], values: Mapping[str, Any], path: list[str], flag: str, words: list[str], kind: Any
) -> Mapping[str, Any]:
    if path == ["algorithm", "name"] or (path == ["env", "team"] and not words[0].startswith("{")):
        return with_override(values, path, " ".join(words))
    parts = [_value(word, flag, anything=kind is Any) for word in words]
    several = len(parts) > 1 or (get_origin(kind) is tuple and isinstance(parts[0], str))  # not a schedule
    return with_override(values, path, parts if several else parts[0], model)


def _value(text: str, flag: str, anything: bool) -> Any:
    """Convert a word to a value; the configuration's types turn text into numbers and truth values, where they can."""
    if text in ("None", "null"):  # "none" is a choice of some fields
        return None
    if not anything and not text.startswith(("{", "[")):
        return text
    try:
        return parse_yaml(text)
    except ValueError as error:
        raise ConfigError(
            f"--{flag} is {shown_value(text)}, which is not YAML; write for example {{A: [landmarks]}} ({error})"
        ) from error
