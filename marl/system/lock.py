"""Lock on a folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from marl.core.errors import ConfigError

__all__ = ["sole_user"]


@contextmanager
def sole_user(folder: Path) -> Iterator[int]:
    """Lock a folder, so that no two commands train the same runs.

    Args:
        folder: made if it does not exist.

    Yields:
        File descriptor of the lock, for processes that share it.

    Raises:
        ConfigError: if another command holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise ConfigError(f"another marl command works in {folder}; wait until it ends, or stop it") from error
    except OSError:
        pass  # some network file systems have no locks
    try:
        yield lock
    finally:
        os.close(lock)
