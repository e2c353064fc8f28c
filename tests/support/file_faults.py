"""Faults in file operations: the library of ``tests/reliability/file_faults.c``, and what it counted."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["KILL", "TORN", "Fault", "Operation", "build_library", "missing", "read_log"]

SOURCE = Path(__file__).parents[1] / "reliability" / "file_faults.c"
KILL, TORN = -1, -2
"""End the process at an operation; the same, but in the middle of it if it is a write."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong at one of the file operations of a command.

    Args:
        at: number of the operation, from 1.
        kind: `KILL`, `TORN`, or number of an error.
        lasting: operations that need space go on failing, as on a full disk.
    """

    at: int
    kind: int = KILL
    lasting: bool = False

    def __str__(self) -> str:
        names = {KILL: signal.SIGKILL.name, TORN: f"{signal.SIGKILL.name} in it", **errno.errorcode}
        return names[self.kind] + (" from then on" if self.lasting else "")


@dataclass(frozen=True)
class Operation:
    """A file operation.

    Args:
        number: from 1 on, over all processes.
        process: its id.
        kind: ``open``, ``write``, ``fsync``, ``truncate``, ``close``, ``rename``, ``unlink``, ``mkdir``, ``rmdir``,
            ``link`` or ``symlink``.
        place: offset of a write, flags of an open, length of a truncation; else 0.
        path: file or folder.
        other: new name of a rename or link; else empty.
        data: of a write.
    """

    number: int
    process: int
    kind: str
    place: int
    path: str
    other: str
    data: bytes

    def __str__(self) -> str:
        return " ".join([str(self.number), self.kind, self.path, self.other]).rstrip()


def missing() -> str | None:
    """Reason why the library cannot be used here; None if it can."""
    if sys.platform != "linux":
        return "libraries are preloaded on Linux only"
    return None if _compiler() else "there is no C compiler: none of cc, gcc, clang is found"


def build_library(folder: Path) -> Path:
    """Compile the library into a folder."""
    compiler, library = _compiler(), folder / "file_faults.so"
    assert compiler is not None
    options = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([compiler, *options, "-o", library, SOURCE, "-ldl"], check=True)
    return library


def read_log(path: Path) -> list[Operation]:
    """Operations of a log in their order."""
    text, place, operations = path.read_bytes(), 0, []
    while place < len(text):
        end = text.index(b"\n", place)
        number, process, kind, offset, *sizes = text[place:end].decode().split()
        parts, place = [], end + 1
        for size in map(int, sizes):
            parts.append(text[place : place + size])
            place += size
        names = [os.fsdecode(part) for part in parts[:2]]
        operations.append(Operation(int(number), int(process), kind, int(offset), names[0], names[1], parts[2]))
    return sorted(operations, key=lambda operation: operation.number)


def _compiler() -> str | None:
    return next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
