"""Nested settings: replaced fields, and explanations of what a validator refused."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

__all__ = ["Choices", "explain", "replace_field"]

Choices = Mapping[int | str, Collection[str]]
"""Names that a validator puts after the name of a part that is of one kind or another."""

TRIED = re.compile(r"^(constrained-\w+|float|int|str|bool)$|\[")
"""Types that a validator tried, which it names after the field."""


def replace_field(values: Mapping[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    """A copy of nested settings with one field replaced."""
    first, *rest = path
    if rest:
        inner = values.get(first)
        value = replace_field(inner if isinstance(inner, Mapping) else {}, rest, value)
    return {**values, first: value}


def explain(error: ValidationError, choices: Choices = MappingProxyType({})) -> str:
    """Text for each refused field, one after the other: its place, its value and what would do.

    Args:
        error: of the validator.
        choices: names of the kinds of those parts that are of one kind or another, by the name of the part.
    """
    lines: list[str] = []
    for problem in error.errors():
        place = _place(problem["loc"], choices)
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            lines.append(f"{place} is {problem['input']!r}: there is no such field; see --help for those there are")
        elif problem["type"] == "union_tag_not_found":
            lines.append(f"{place}.{problem['ctx']['discriminator'][1:-1]} is missing")
        elif problem["type"] in ("model_type", "model_attributes_type"):
            lines.append(f"{place} is {problem['input']!r}: give its fields, as {{name: value, ...}}")
        elif problem["type"] == "value_error":
            lines.append(f"{place}: {message}" if place else message)
        else:
            given, wanted = f"{place} is {problem['input']!r}: ", f"{message[0].lower()}{message[1:]}"
            if lines and lines[-1].startswith(given):  # one of several that would do
                lines[-1] += f", or {wanted}"
            else:
                lines.append(given + wanted)
    return "; ".join(lines)


def _place(path: Sequence[int | str], choices: Choices) -> str:
    """Where in the settings, without what a validator puts after a choice: the kind, or the type that it tried."""
    kept = [part for before, part in zip(("", *path), path, strict=False) if part not in choices.get(before, ())]
    return ".".join(str(part) for part in kept if not TRIED.search(str(part)))
