"""Lock on a folder."""

from __future__ import annotations

import fcntl
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from marl.core.errors import ConfigError, Note
from marl.core.files import make_folder

__all__ = ["in_use", "sole_user"]

NO_LOCKS = "this file system knows no locks: see to it yourself that no two commands train in one folder"

_held: set[int] = set()
"""Descriptors of the locks that this process holds."""


@contextmanager
def sole_user(folder: Path) -> Iterator[int]:
    """Lock a folder, so that no two commands train the same runs.

    The lock ends with the process, however it ends; processes forked from it do not hold it. Where the file system
    knows no locks, a note says so.

    Args:
        folder: made if it does not exist, and removed again if it is left empty.

    Yields:
        File descriptor of the lock, for processes that share it.

    Raises:
        ConfigError: if another command holds it, or the folder cannot be made or opened.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        make_folder(folder, parents=True)
        lock = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise ConfigError(f"the folder {folder} cannot be made or opened ({error}); name another") from error
    _forget_in_forks()
    _held.add(lock)
    try:
        _lock(lock, folder)
        try:
            yield lock
        finally:
            with suppress(OSError):  # it is not empty
                for path in made:
                    path.rmdir()
    finally:
        if lock in _held:  # else this is a fork
            _held.remove(lock)
            os.close(lock)


def in_use(folder: Path) -> bool:
    """True if a process holds the lock of a folder; False where the file system knows no locks."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(lock)
    return False


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ConfigError(f"another marl command works in {folder}; wait until it ends, or stop it") from error
    except OSError:  # as on some network file systems
        warnings.warn(NO_LOCKS, Note, stacklevel=1)


@cache
def _forget_in_forks() -> None:
    """Close the locks in processes forked from this one, once for all; a fork would hold them beyond its parent."""
    os.register_at_fork(after_in_child=_forget)


def _forget() -> None:
    while _held:
        os.close(_held.pop())
