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
    """A frozen set of named tensors (or dicts of tensors, or None) that is mapped as one."""

    def map(self: R, function: Callable[[Tensor], Tensor]) -> R:
        """The same record with ``function`` applied to each tensor."""
        return type(self)(**{name: _map(value, function) for name, value in _parts(self).items()})

    def index(self: R, *index: Any) -> R:
        """The same record with each tensor indexed on its leading axes."""
        return self.map(lambda tensor: tensor[index])

    def split(self: R, size: int) -> list[R]:
        """The record in pieces of ``size`` along the first axis; the last may be shorter."""
        return _split(self, size)

    def to(self: R, device: torch.device | str) -> R:
        """The same record on another device."""
        return self.map(lambda tensor: tensor.to(device))


def _names(record: Any) -> tuple[str, ...]:
    """The fields of a record, which may keep other things beside them."""
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
    """Pieces of what a record holds; what is empty has as many as are asked for."""
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
    """Joins records along a new first axis (time)."""
    return _merge(records, torch.stack)
