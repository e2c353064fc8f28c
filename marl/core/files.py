"""Files that are written whole or not at all."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["atomic_path", "save_json"]


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
