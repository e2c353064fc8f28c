"""Nested settings: replaced fields, and explanations of a validator's errors."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import ValidationError

from marl.core.config import Config
from marl.core.nearest import did_you_mean

__all__ = [
    "Choices",
    "completed",
    "explain",
    "flat_settings",
    "laid_over",
    "part_of",
    "replace_field",
    "shown_value",
    "type_at",
    "with_part",
]

TAGS = ("kind", "name")
"""Fields that say which model of a union settings belong to."""

Choices = Mapping[int | str, Collection[str]]
"""Kinds of each part that is a union; a validator puts the kind after the name of the part."""

TRIED = re.compile(r"^(constrained-\w+|float|int|str|bool)$|\[")
"""Types that a validator tried and names after the field."""


REPR, LONGEST = reprlib.Repr(), 500
REPR.maxstring = REPR.maxother = REPR.maxlong = 200
REPR.maxdict = REPR.maxlist = REPR.maxtuple = 20
REPR.maxlevel = 3


def shown_value(value: Any) -> str:
    """Value as an error shows it: whole if it is short, its beginning otherwise."""
    text = REPR.repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def replace_field(values: Mapping[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    """Copy of nested settings with one field replaced."""
    first, *rest = path
    if rest:
        inner = values.get(first)
        value = replace_field(inner if isinstance(inner, Mapping) else {}, rest, value)
    return {**values, first: value}


def flat_settings(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested settings to dotted names."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= flat_settings(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return flat


def laid_over(given: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings with the usual ones in place of what is not given.

    Where another ``kind`` or ``name`` is given, the usual settings of that part are of something else and are left out.
    """
    if _is_another(given, usual):
        return dict(given)
    both = {name: value for name, value in given.items() if isinstance(value, Mapping)}
    inner = {name: laid_over(part, usual[name]) for name, part in both.items() if isinstance(usual.get(name), Mapping)}
    return {**usual, **given, **inner}


def with_part(annotation: Any, present: Any, given: Any) -> Any:
    """Given settings of a part laid over the present ones.

    Unlike `laid_over` it goes by the part's type: a mapping with entries of any name, and a part of another ``kind`` or
    ``name``, is taken whole.

    Args:
        annotation: type of the part.
        present: its settings, or another value.
        given: as `present`.
    """
    part = part_of(annotation, present) if isinstance(present, Mapping) else None
    if part is None or not isinstance(given, Mapping) or _is_another(given, present):
        return given
    fields = part.model_fields
    laid = {
        name: with_part(fields[name].annotation, present.get(name), value) if name in fields else value
        for name, value in given.items()
    }
    return {**present, **laid}


def _is_another(given: Mapping[str, Any], usual: Mapping[str, Any]) -> bool:
    """True if settings belong to another model of a union than the usual ones."""
    return any(given.get(tag, usual[tag]) != usual[tag] for tag in TAGS if tag in usual)


def type_at(model: type[Config], values: Mapping[str, Any], path: Sequence[str]) -> Any:
    """Type of a field, or of an entry of a mapping, which may have any; None where there is none.

    Args:
        model: model of the settings.
        values: the settings, whose kinds decide which fields their parts have.
        path: names of the field and of the parts around it, the outermost first.
    """
    kind: Any = model
    place: Any = values
    for part in path:
        if get_origin(kind) is dict:
            kind = get_args(kind)[1]
        elif kind is not Any:
            present = part_of(kind, place if isinstance(place, Mapping) else {})
            field = None if present is None else present.model_fields.get(part)
            if field is None:
                return None
            kind = field.annotation
        place = place.get(part) if isinstance(place, Mapping) else None
    return kind


def completed(model: type[Config], values: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in the defaults of all missing fields, as plain values; nothing is validated.

    Args:
        model: model of the settings.
        values: the given fields; unknown ones are kept, for the validator to refuse.
    """
    complete: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        given = values[name] if name in values else field.get_default(call_default_factory=True)
        if isinstance(given, Config):
            given = given.model_dump(mode="json")
        part = part_of(field.annotation, given) if isinstance(given, Mapping) else None
        complete[name] = given if part is None else completed(part, given)
    return {**complete, **{name: value for name, value in values.items() if name not in complete}}


def part_of(annotation: Any, given: Mapping[str, Any]) -> type[Config] | None:
    """Model of a field's type that given settings belong to; None if the type has no model.

    In a union it is the model whose ``kind`` or ``name`` is given, or else the first.
    """
    models = list(_models(annotation))
    for tag in TAGS:
        for model in models:
            if tag in model.model_fields and model.model_fields[tag].default == given.get(tag, ...):
                return model
    return models[0] if models else None


def _models(annotation: Any) -> Iterator[type[Config]]:
    if isinstance(annotation, type) and issubclass(annotation, Config):
        yield annotation
    elif get_origin(annotation) in (Annotated, Union, UnionType):
        for part in get_args(annotation):
            yield from _models(part)


def explain(
    error: ValidationError, choices: Choices = MappingProxyType({}), place: str = "", names: Collection[str] = ()
) -> str:
    """Text for each refused field: its place, its value and the accepted values.

    Args:
        error: of the validator.
        choices: kinds of each part that is a union, by the name of the part.
        place: dotted name of the validated part within all settings.
        names: dotted names of fields; those nearest to an unknown one are asked for.
    """
    lines, within = [], (place,) if place else ()
    for problem in error.errors():
        place = _place((*within, *problem["loc"]), choices)
        message, given = problem["msg"].removeprefix("Value error, "), f"{place} is {shown_value(problem['input'])}: "
        if problem["type"] == "extra_forbidden":
            near = did_you_mean(place, [name for name in names if name != place])
            lines.append(f"{given}there is no such field in this version{near and '; '}{near}".rstrip())
        elif problem["type"] == "union_tag_not_found":
            lines.append(f"{place}.{problem['ctx']['discriminator'][1:-1]} is missing")
        elif problem["type"] in ("model_type", "model_attributes_type"):
            lines.append(f"{given}give its fields, as {{name: value, ...}}")
        elif problem["type"] == "value_error":
            lines.append(f"{place}: {message}" if place else message)
        else:
            wanted = f"{message[0].lower()}{message[1:]}"
            if lines and lines[-1].startswith(given):  # another type that the same field accepts
                lines[-1] += f", or {wanted}"
            else:
                lines.append(given + wanted)
    return "; ".join(lines)


def _place(path: Sequence[int | str], choices: Choices) -> str:
    """Dotted place in the settings, without the kind or the tried type that a validator adds."""
    kept = [part for before, part in zip(("", *path), path, strict=False) if part not in choices.get(before, ())]
    return ".".join(str(part) for part in kept if not TRIED.search(str(part)))
