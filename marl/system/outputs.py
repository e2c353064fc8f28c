"""Standard output and error that outlive whoever reads them."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import Any, TextIO

__all__ = ["lasting_outputs", "send_nowhere"]

GONE = (errno.EPIPE, errno.EIO, errno.EBADF)
"""Errors of a pipe without a reader, of a terminal that was closed, and of a closed file."""
STREAMS = ("stdin", "stdout", "stderr")


@contextmanager
def lasting_outputs() -> Iterator[list[OSError]]:
    """Print nowhere, and go on, once standard output or error cannot be written.

    Streams that were closed at the start are opened as nowhere, so that no file takes their place. Letters that an
    output lacks are written as escapes.

    Yields:
        Errors of outputs that are there and cannot be written, such as on a full disk.
    """
    before, errors = [getattr(sys, name) for name in STREAMS], list[OSError]()
    for name, stream in zip(STREAMS, before, strict=True):
        if stream is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: SIM115
        elif name != "stdin":
            setattr(sys, name, _lasting(stream, errors))
    try:
        yield errors
    finally:
        for name, stream in zip(STREAMS, before, strict=True):
            if name != "stdin":
                getattr(sys, name).flush()
            setattr(sys, name, stream)


def send_nowhere(output: int) -> None:
    """Let all that is written to a descriptor vanish."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, output)
    os.close(nowhere)


class _Output(FileIO):
    """Descriptor that writes nowhere from its first error on."""

    def __init__(self, output: int, errors: list[OSError]) -> None:
        super().__init__(output, "w", closefd=False)
        self.errors = errors

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in GONE:
                self.errors.append(error)
            send_nowhere(self.fileno())
            return len(data)


def _lasting(stream: TextIO, errors: list[OSError]) -> TextIO:
    if not isinstance(stream, TextIOWrapper):  # of a notebook or a test
        return stream
    with suppress(OSError):
        stream.flush()
    try:
        raw = _Output(stream.fileno(), errors)
    except OSError:  # it is in memory
        stream.reconfigure(errors="backslashreplace")
        return stream
    at_once = stream.write_through  # python -u
    buffer: Any = raw if at_once else BufferedWriter(raw)
    return TextIOWrapper(buffer, stream.encoding, "backslashreplace", None, stream.line_buffering, at_once)
