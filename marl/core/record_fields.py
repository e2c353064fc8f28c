"""Frozen records of named tensors that are mapped, indexed, split and stacked as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, TypeVar

import torch
from torch import Tensor

__all__ = ["Record", "stack"]

R = TypeVar("R", bound="Record")


@dataclass(frozen=True)
class Record:
    """Frozen set of named tensors (or dicts of tensors, or None) that is mapped as one."""

    def map(self: R, function: Callable[[Tensor], Tensor]) -> R:
        """Apply ``function`` to each tensor and return a new record."""
        return type(self)(**{name: _map(value, function) for name, value in _parts(self).items()})

    def index(self: R, *index: Any) -> R:
        """Index each tensor on its leading axes and return a new record."""
        return self.map(lambda tensor: tensor[index])

    def split(self: R, size: int) -> list[R]:
        """Split into records of ``size`` along the first axis; the last may be shorter."""
        return _split(self, size)

    def to(self: R, device: torch.device | str) -> R:
        """Copy to another device."""
        return self.map(lambda tensor: tensor.to(device))


def _names(record: Any) -> tuple[str, ...]:
    """Names of a record's tensor fields; a record may hold other attributes too."""
    return record.__match_args__


def _parts(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _names(record)}


def _map(value: Any, function: Callable[[Tensor], Tensor]) -> Any:
    if value is None:
        return None
    if isinstance(value, Tensor):
        return function(value)
    if isinstance(value, Record):
        return value.map(function)
    if isinstance(value, dict):
        return {key: _map(item, function) for key, item in value.items()}
    return value


def _split(value: Any, size: int) -> Any:
    """Split one field; an empty one gives an endless supply of empty pieces."""
    if isinstance(value, Tensor):
        return value.split(size)
    if not value:
        return repeat(value)
    items = value if isinstance(value, dict) else _parts(value)
    pieces = zip(*(_split(item, size) for item in items.values()), strict=False)
    made = [dict(zip(items, piece, strict=True)) for piece in pieces]
    return made if isinstance(value, dict) else [type(value)(**piece) for piece in made]


def _merge(values: Sequence[Any], function: Callable[[list[Tensor]], Tensor]) -> Any:
    first = values[0]
    if isinstance(first, Tensor):
        return function(list(values))
    if isinstance(first, Record):
        return type(first)(**{n: _merge([getattr(v, n) for v in values], function) for n in _names(first)})
    if isinstance(first, dict):
        return {key: _merge([v[key] for v in values], function) for key in first}
    return first


def stack(records: Sequence[R]) -> R:
    """Stack records along a new first axis (time)."""
    return _merge(records, torch.stack)
