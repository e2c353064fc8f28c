"""Nested states as files that load without running code: safetensors with JSON in the header."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from marl.core.errors import FileError
from marl.core.files import atomic_path
from marl.core.reading import check_file, parse_json
from marl.core.record_fields import Record

__all__ = ["load_state", "record_of", "save_state", "state_of"]

R = TypeVar("R", bound=Record)
SUFFIX = ".safetensors"
HEADER = "state"


def state_of(record: Record) -> dict[str, Any]:
    """Fields of a record by name."""
    return {f.name: getattr(record, f.name) for f in fields(record)}


def record_of(kind: type[R], state: dict[str, Any]) -> R:
    """Record from a state that `state_of` returned."""
    return kind(**state)


def save_state(folder: Path, name: str, state: dict[str, Any]) -> None:
    """Write a nested dict of tensors, numbers, strings, lists of the latter and None.

    It becomes one file, ``name.safetensors``, written whole or not at all: tensors as such, all
    else as JSON in the file's header.

    Raises:
        TypeError: for anything else in the dict, or a key that is not a string.
        OSError: if the file cannot be written.
    """
    tensors: dict[str, Tensor] = {}
    rest = json.dumps(_split(state, "", tensors))
    data = save({key: tensor.detach().cpu().contiguous().clone() for key, tensor in tensors.items()}, {HEADER: rest})
    with atomic_path(folder / f"{name}{SUFFIX}") as path:
        path.write_bytes(data)


def load_state(folder: Path, name: str) -> dict[str, Any]:
    """Read a file of `save_state`; tensors come to the CPU.

    Raises:
        FileError: if the file is missing, truncated or foreign.
    """
    path = folder / f"{name}{SUFFIX}"
    check_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            header = (file.metadata() or {})[HEADER]
            tensors = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118
        return _join(parse_json(header.encode()), tensors)
    except (SafetensorError, ValueError, OSError, KeyError, TypeError, AttributeError) as error:
        raise FileError(f"{path} is truncated or not of this package ({type(error).__name__}: {error})") from error


def _split(value: Any, place: str, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        if place in tensors:
            raise TypeError(f"two tensors would be named {place!r}; use no slash in keys")
        tensors[place] = value
        return {"tensor": place}
    if isinstance(value, Record):
        value = state_of(value)
    if isinstance(value, dict):
        wrong = [key for key in value if not isinstance(key, str)]
        if wrong:
            raise TypeError(f"key {wrong[0]!r} of {place or 'the state'} is not a string")
        return {"dict": {key: _split(item, f"{place}/{key}", tensors) for key, item in value.items()}}
    return {"value": value}


def _join(value: dict[str, Any], tensors: dict[str, Tensor]) -> Any:
    if "tensor" in value:
        return tensors[value["tensor"]]
    if "dict" in value:
        return {key: _join(item, tensors) for key, item in value["dict"].items()}
    return value["value"]
