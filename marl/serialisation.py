"""Nested states as files that load without running code: safetensors and JSON."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from marl.batch import Record

__all__ = ["FileError", "atomic_path", "load_state", "record_of", "save_state", "state_of"]

R = TypeVar("R", bound=Record)
SEPARATOR = "/"


class FileError(ValueError):
    """A file that cannot be used, with the reason."""


def state_of(record: Record) -> dict[str, Any]:
    """A record as a nested dict."""
    return {f.name: getattr(record, f.name) for f in fields(record)}


def record_of(kind: type[R], state: dict[str, Any]) -> R:
    """The record that `state_of` gave."""
    return kind(**state)


def save_state(folder: Path, name: str, state: dict[str, Any]) -> None:
    """Writes a nested dict of tensors, numbers, strings, lists of them and None.

    Tensors go to ``name.safetensors``, all else to ``name.json``; each file is written whole or
    not at all.
    """
    tensors: dict[str, Tensor] = {}
    rest = _split(state, "", tensors)
    with atomic_path(folder / f"{name}.safetensors") as path:
        save_file({key: t.detach().cpu().contiguous().clone() for key, t in tensors.items()}, path)
    with atomic_path(folder / f"{name}.json") as path:
        path.write_text(json.dumps(rest, indent=1))


def load_state(folder: Path, name: str) -> dict[str, Any]:
    """Reads what `save_state` wrote; tensors come to the CPU.

    Raises:
        FileError: if a file is missing, truncated or foreign.
    """
    try:
        tensors = load_file(folder / f"{name}.safetensors")
        rest = json.loads((folder / f"{name}.json").read_text())
    except FileNotFoundError as error:
        raise FileError(f"{error.filename or folder / name} does not exist") from error
    except (SafetensorError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise FileError(f"{folder / name}.* is truncated or not of this package: {error}") from error
    try:
        return _join(rest, tensors)
    except (KeyError, TypeError) as error:
        raise FileError(f"{folder / name}.*: the two files do not belong together ({error})") from error


def _split(value: Any, prefix: str, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        tensors[prefix] = value
        return {"tensor": prefix}
    if isinstance(value, Record):
        value = state_of(value)
    if isinstance(value, dict):
        return {"dict": {str(key): _split(item, f"{prefix}{SEPARATOR}{key}", tensors) for key, item in value.items()}}
    return {"value": value}


def _join(value: dict[str, Any], tensors: dict[str, Tensor]) -> Any:
    if "tensor" in value:
        return tensors[value["tensor"]]
    if "dict" in value:
        return {key: _join(item, tensors) for key, item in value["dict"].items()}
    return value["value"]


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block ends without error."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
