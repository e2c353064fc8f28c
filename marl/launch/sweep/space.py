"""Search space of a sweep: fields of a run's settings, each with a range or a list of choices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from marl.core.config import Config
from marl.core.errors import ConfigError
from marl.core.reading import parse_yaml, read_text
from marl.core.settings import explain, flat_settings, shown_value
from marl.training.field_paths import with_override
from marl.training.run_config import RunConfig, read_config

__all__ = ["Choices", "Range", "Space", "changed_config", "read_space"]

Number = int | Annotated[float, Field(allow_inf_nan=False)]
FIXED = {
    "seed": "each trial has seeds of its own",
    "env.name": "a sweep is of one environment",
    "evaluation_interval": "trials are compared at the same env steps",
}
"""Fields that all trials share."""
EXAMPLE = "algorithm.gamma: {low: 0.9, high: 0.999}, or algorithm.minibatches: [1, 2, 4]"


class Range(Config):
    """Numbers from ``low`` to ``high``, both included; whole ones where both are written so."""

    low: Number
    """Lowest number."""
    high: Number
    """Highest number."""
    log: bool = False
    """True to draw evenly on a logarithmic scale."""
    step: Number | None = None
    """Distance of the numbers; None for any, or 1 for whole ones."""

    @model_validator(mode="after")
    def _check(self) -> Range:
        if self.low >= self.high:
            raise ValueError(f"low is {self.low} and high {self.high}; give a low below the high")
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError("a logarithmic range begins above 0 and has no step")
        if self.step is not None and not 0 < self.step <= self.high - self.low:
            raise ValueError(f"step is {self.step}; give one above 0, and at most {self.high - self.low}")
        return self

    @property
    def whole(self) -> bool:
        """True if it has whole numbers alone."""
        return all(isinstance(value, int) for value in (self.low, self.high, self.step or 1))

    @property
    def examples(self) -> tuple[int | float, ...]:
        """Values that a field of the right type and bounds accepts: both ends, and for fractions one between them."""
        inner = self.low + (self.step or 0.37 * (self.high - self.low))
        return (self.low, self.high) if self.whole else (self.low, inner, self.high)


@dataclass(frozen=True)
class Choices:
    """Values of which one is drawn, in no order.

    Args:
        by_label: each value by its text, which the journal has in place of lists and mappings.
    """

    by_label: Mapping[str, Any]

    @property
    def examples(self) -> tuple[Any, ...]:
        """All values."""
        return tuple(self.by_label.values())


Space = Mapping[str, Range | Choices]
"""Range or choices of each field, by its dotted name."""


def read_space(path: Path, config: RunConfig[Any]) -> Space:
    """Read a space, and try its values in a run's settings, each field alone.

    Args:
        path: YAML that maps dotted names to ``{low, high, log, step}`` or to lists.
        config: of the preset.

    Raises:
        ConfigError: naming the field, for one that is none, and for a value that it refuses.
        FileError: if the file cannot be read.
    """
    try:
        given = parse_yaml(read_text(path))
    except ValueError as error:
        raise ConfigError(f"{path} cannot be read as YAML: {error}") from error
    if not isinstance(given, dict) or not given or not all(isinstance(name, str) for name in given):
        raise ConfigError(f"{path} does not hold a space (names of fields with their values, e.g. {EXAMPLE})")
    settings = flat_settings(config.model_dump(mode="json"))
    space = {name: _read(f"{path}: {name}", name, values, settings.get(name)) for name, values in given.items()}
    for name, part in space.items():
        for value in part.examples:
            changed_config(config, {name: value}, str(path))
    return space


def _read(place: str, name: str, values: Any, present: Any) -> Range | Choices:
    if name in FIXED:
        raise ConfigError(f"{place} is the same in all trials: {FIXED[name]}; leave it out")
    if isinstance(values, list) and values:
        by_label = {value if isinstance(value, str) else json.dumps(value): value for value in values}
        if len(by_label) < len(values):
            raise ConfigError(f"{place} has a choice twice: {shown_value(values)}")
        return Choices(by_label)
    if not isinstance(values, Mapping):
        raise ConfigError(f"{place} is {shown_value(values)}; give a range or a list of choices, e.g. {EXAMPLE}")
    if isinstance(present, float):  # low: 0 of a fraction
        values = {key: float(value) if type(value) is int else value for key, value in values.items()}
    try:
        return Range.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{place}: {explain(error, names=Range.model_fields)}") from error


def changed_config(config: RunConfig[Any], values: Mapping[str, Any], source: str) -> RunConfig[Any]:
    """Configuration with some fields replaced.

    Args:
        config: of the preset.
        values: new values, by dotted names.
        source: name for errors.

    Raises:
        ConfigError: naming the field that is refused.
    """
    settings = config.model_dump(mode="json")
    for name in sorted(values, key=lambda name: name != "algorithm.name"):  # another algorithm has other fields
        settings = with_override(settings, name.split("."), values[name])
    return read_config(settings, source, config.task)
