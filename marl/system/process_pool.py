"""Process pool that ends with its block."""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from marl.core.limits import THREADS_PER_CORE, check_between
from marl.core.trust import TRUST, Trust
from marl.system.children import follow_parent
from marl.system.interrupts import hold_signals
from marl.system.warning_lines import show_warning

__all__ = ["CONTEXT", "check_threads", "process_pool", "usable_cores"]


class _Child(SpawnProcess):
    def start(self) -> None:
        with hold_signals():
            super().start()

    def run(self) -> None:
        follow_parent()
        super().run()

    def terminate(self) -> None:
        self.kill()  # SIGTERM is ignored


class _Context(SpawnContext):
    Process = _Child


CONTEXT = _Context()
"""Makes processes that ignore signals that ask a run to stop, and end when this one is gone."""


@contextmanager
def process_pool(
    jobs: int, initializer: Callable[..., object] | None = None, initargs: tuple[Any, ...] = ()
) -> Iterator[ProcessPoolExecutor]:
    """Pool of spawned processes, which trust what this block trusts, all ended and joined when the block is left.

    Left by an exception, by Ctrl-C or by closing a generator, it does not wait for work under way, as nobody needs the
    result. The pool itself joins what is terminated, so that no two threads wait for one process. Signals that ask to
    stop are ignored in the processes, which end when this process is gone.

    Args:
        jobs: number of processes.
        initializer: called first in each process.
        initargs: its arguments.

    Yields:
        The pool.
    """
    before = set(multiprocessing.active_children())
    with hold_signals():  # for multiprocessing's own process, which starts here
        executor = ProcessPoolExecutor(jobs, CONTEXT, _begin, (TRUST.get(), initializer, initargs))
    with executor as pool:
        try:
            yield pool
        except BaseException:
            for child in set(multiprocessing.active_children()) - before:
                child.terminate()
            raise


def _begin(trust: Trust, initializer: Callable[..., object] | None, initargs: tuple[Any, ...]) -> None:
    TRUST.set(trust)
    warnings.showwarning = show_warning
    if initializer is not None:
        initializer(*initargs)


def usable_cores() -> int:
    """Cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_threads(threads: int | None) -> None:
    """Check that there are at most 4 threads for each core.

    Raises:
        ConfigError: for more; the library of threads would end the process in its own words.
    """
    check_between("threads", threads, 1, THREADS_PER_CORE * usable_cores())
