"""Policies of a run that still trains, as they are written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from marl.core.errors import FileError
from marl.policies.saved import policy_file
from marl.system.lock import in_use
from marl.training.checkpoints import Checkpoints

__all__ = ["policies"]

SECONDS_BETWEEN_LOOKS = 1.0


def policies(run: Path, stop_wished: Callable[[], bool] = lambda: False) -> Iterator[int]:
    """Yield the env steps of a run's latest checkpoint each time that its policy was written.

    It ends once nobody trains the run, and the last policy was yielded. A policy that is written while the one before
    is looked at is yielded next; those between are not.

    Args:
        run: folder of the run.
        stop_wished: True once it is to end.

    Raises:
        FileError: if there is no such folder, or neither a policy in it nor anybody who trains it.
    """
    if not run.is_dir():
        raise FileError(f"{run} does not exist; name the folder of a run")
    seen = None
    while not stop_wished():
        training = in_use(run)  # before the look, so that what is written at the end is seen
        try:
            status = policy_file(run).stat()
        except FileError:
            if not training:
                raise
            status = None
        if status is not None and (status.st_mtime_ns, status.st_ino) != seen:
            seen = (status.st_mtime_ns, status.st_ino)
            latest = Checkpoints(run / "checkpoints").latest
            yield 0 if latest is None else int(latest.name)
        elif not training:
            return
        else:
            time.sleep(SECONDS_BETWEEN_LOOKS)
