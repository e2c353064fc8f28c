"""Copies of a Gymnasium environment in processes of their own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing import Process
from multiprocessing.util import Finalize
from typing import Any

import gymnasium
from gymnasium.vector import AsyncVectorEnv
from gymnasium.vector.async_vector_env import AsyncState

from marl.system.children import follow_parent

__all__ = ["ProcessVectorEnv"]

Environment = gymnasium.Env[Any, Any]


class ProcessVectorEnv(AsyncVectorEnv):
    """Gymnasium's vector of processes, which ignore signals that ask a run to stop, and end with this process.

    Args:
        makes: functions that make the copies.
        modes: keyword arguments of `AsyncVectorEnv`.
    """

    def __init__(self, makes: Sequence[Callable[[], Environment]], **modes: Any) -> None:
        lasts = threading.current_thread() is threading.main_thread()
        self.processes: list[Process] = []
        try:
            super().__init__([partial(_make, make, os.getpid(), lasts) for make in makes], **modes)
        except BaseException:
            _kill(self.processes)
            raise
        # at exit multiprocessing sends SIGTERM, which they ignore, and waits for them
        Finalize(self, _kill, (self.processes,), exitpriority=0)

    def close_extras(self, timeout: float | None = None, terminate: bool = False) -> None:
        """Close the copies, by force where a step was interrupted, which may never end; see `AsyncVectorEnv`."""
        terminate |= self._state is not AsyncState.DEFAULT
        if terminate:
            _kill(self.processes)
            self._state = AsyncState.DEFAULT
        super().close_extras(timeout, terminate)


def _make(make: Callable[[], Environment], parent: int, thread_lasts: bool) -> Environment:
    if os.getpid() != parent:  # Gymnasium makes one here, too, to learn its spaces
        follow_parent(thread_lasts)
    return make()


def _kill(processes: Sequence[Process]) -> None:
    for process in processes:
        if process.is_alive():
            process.kill()
