"""Files that are written whole or not at all, and are there after a power loss."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from marl.core.reading import check_file

__all__ = ["atomic_path", "digest", "make_folder", "save_json", "sync"]


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Temporary path beside ``path`` that takes its place when the block ends without error.

    A device or a pipe, e.g. ``/dev/stdout``, is written to directly.

    Raises:
        OSError: if it cannot be written; for a pipe also if nobody reads it, which would be waited for.
    """
    if path.is_fifo():
        held = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        try:
            yield path
        finally:
            os.close(held)
        return
    if path.exists() and not path.is_file():
        yield path
        return
    temporary = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        yield temporary
        sync(temporary)
        os.replace(temporary, path)
        sync(path.parent)
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error  # a failed write does not say of what
    finally:
        temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until the disk has a file's content, or a folder's list of names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path, parents: bool = False) -> None:
    """Make a folder where there is none; the disk has its name on return.

    Args:
        path: of the folder.
        parents: make those above it, too.

    Raises:
        OSError: if it cannot be made.
    """
    if path.is_dir():
        return
    if parents:
        make_folder(path.parent, parents)
    path.mkdir(exist_ok=True)
    sync(path.parent)


def digest(path: Path) -> str:
    """SHA-256 of a file's content.

    Raises:
        FileError: if it is missing, or no regular file, such as a pipe, on which everybody would wait.
    """
    check_file(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


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
