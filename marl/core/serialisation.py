"""Nested states as files that load without running code: safetensors with JSON in the header."""

from __future__ import annotations

import json
import warnings
import zlib
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from marl.core.errors import DamagedError, Note
from marl.core.files import atomic_path
from marl.core.record_fields import Record

__all__ = ["encode_state", "load_state", "record_of", "save_state", "state_file", "state_of"]

R = TypeVar("R", bound=Record)
SUFFIX = ".safetensors"
HEADER = "state"
CHECK = "crc32"
NO_CHECK = b"0" * 8
MARK = b'"{\\"' + CHECK.encode() + b'\\": \\"'
"""Bytes before the checksum, which comes first in the header's JSON, itself a string in JSON."""
CHUNK = 1 << 20


def state_of(record: Record) -> dict[str, Any]:
    """Fields of a record by name."""
    return {f.name: getattr(record, f.name) for f in fields(record)}


def record_of(kind: type[R], state: dict[str, Any]) -> R:
    """Record from a state that `state_of` returned."""
    return kind(**state)


def state_file(folder: Path, name: str) -> Path:
    """The file of a state."""
    return folder / f"{name}{SUFFIX}"


def encode_state(state: dict[str, Any]) -> bytes:
    """Content of a file of `save_state`: tensors as such, all else as JSON in the header, and a CRC-32 of both.

    Raises:
        TypeError: for anything but tensors, numbers, strings, lists of the latter, None and dicts of all, or a key that
            is not a string.
    """
    tensors: dict[str, Tensor] = {}
    rest = json.dumps({CHECK: NO_CHECK.decode(), **_split(state, "", tensors)})
    stored = {key: tensor.detach().cpu().contiguous().clone() for key, tensor in tensors.items()}
    data = bytearray(save(stored, {HEADER: rest}))
    place = data.index(MARK) + len(MARK)
    data[place : place + len(NO_CHECK)] = b"%08x" % zlib.crc32(data)
    return bytes(data)


def save_state(folder: Path, name: str, state: dict[str, Any]) -> None:
    """Write a nested dict to one file, ``name.safetensors``, whole or not at all; see `encode_state`.

    Raises:
        TypeError: for a state that cannot be stored.
        OSError: if the file cannot be written.
    """
    data = encode_state(state)
    with atomic_path(state_file(folder, name)) as path:
        path.write_bytes(data)


def load_state(folder: Path, name: str) -> dict[str, Any]:
    """Read a file of `save_state`; tensors come to the CPU.

    A file that was written before there were checksums is read with a note.

    Raises:
        DamagedError: if the file is missing, truncated, changed or foreign.
    """
    path = state_file(folder, name)
    if not path.exists():
        raise DamagedError(f"{path} does not exist")
    if not path.is_file():
        raise DamagedError(f"{path} is not a file")
    try:
        checked = _is_checked(path)
        with safe_open(path, framework="pt") as file:
            header = (file.metadata() or {})[HEADER]
            tensors = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118
        state = _join(json.loads(header), tensors)
    except DamagedError:
        raise
    except (SafetensorError, OSError, KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise DamagedError(f"{path} is truncated or not of this package ({type(error).__name__}: {error})") from error
    if not checked:
        warnings.warn(f"{path} has no checksum, as it was written by an earlier version", Note, stacklevel=2)
    return state


def _is_checked(path: Path) -> bool:
    """True if a file is as its checksum says, False if it has none.

    Raises:
        DamagedError: if it was changed.
    """
    with path.open("rb") as file:
        size = file.read(8)
        header = size + file.read(min(int.from_bytes(size, "little"), path.stat().st_size))
        place = header.find(MARK) + len(MARK)
        if place < len(MARK):
            return False
        end = place + len(NO_CHECK)
        check = zlib.crc32(header[end:], zlib.crc32(NO_CHECK, zlib.crc32(header[:place])))
        while chunk := file.read(CHUNK):
            check = zlib.crc32(chunk, check)
    if header[place:end] != b"%08x" % check:
        why = "it was cut short, or changed after it was written (its checksum is another)"
        raise DamagedError(f"{path} is damaged: {why}")
    return True


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
