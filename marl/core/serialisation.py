"""Nested states as files that load without running code: safetensors with JSON in the header."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from marl.core.errors import FileError
from marl.core.record_fields import Record

__all__ = ["atomic_path", "load_state", "record_of", "save_json", "save_state", "state_of"]

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
    try:
        with safe_open(path, framework="pt") as file:
            header = (file.metadata() or {})[HEADER]
            tensors = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118
        return _join(json.loads(header), tensors)
    except FileNotFoundError as error:
        raise FileError(f"{path} does not exist") from error
    except (SafetensorError, json.JSONDecodeError, OSError, KeyError, TypeError, AttributeError) as error:
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


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Temporary path beside ``path`` that takes its place when the block ends without error.

    A device or a pipe, e.g. ``/dev/stdout``, is written to directly.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    temporary = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def save_json(path: Path, content: Mapping[str, Any], *, indent: int | None = 1, allow_nan: bool = False) -> None:
    """Write a JSON file, whole or not at all; see `atomic_path`.

    Args:
        path: of the file.
        content: lists, strings, numbers, None and mappings of them.
        indent: spaces a level, and a line end after the last line; None for one line without an end.
        allow_nan: write ``NaN`` and ``Infinity``, which JSON does not have though Python reads them.

    Raises:
        OSError: if it cannot be written.
        ValueError: for NaN or infinity, unless ``allow_nan``.
    """
    text = json.dumps(content, indent=indent, allow_nan=allow_nan)
    with atomic_path(path) as temporary:
        temporary.write_text(text if indent is None else text + "\n", encoding="utf-8")
