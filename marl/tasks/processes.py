"""Environments in processes of their own, watched: one that dies or hangs ends all of them."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize
from typing import Any

import gymnasium
from gymnasium.vector import AsyncVectorEnv
from gymnasium.vector.async_vector_env import AsyncState

from marl.core.errors import EnvironmentFailedError
from marl.system.children import follow_parent
from marl.system.workers import RemoteError, end_all, end_of

__all__ = ["Processes"]

Environment = gymnasium.Env[Any, Any]

GRACE = 5.0
"""Seconds in which a process ends by itself."""
ERRORS = 2
"""Standard error, which tests and notebooks put something else in place of."""


class Processes(AsyncVectorEnv):
    """Gymnasium's processes, of which one that dies or hangs ends them all with its name.

    They ignore signals that ask a run to stop, and end with this process. One that crashes or hangs prints its
    traceback to standard error.

    Args:
        name: name of the environment.
        envs: one for each process, in which its ``begin`` is called first.
        copies: numbers of the copies that each has.
        timeout: seconds that a reset or a step may take; None for any time.
    """

    def __init__(self, name: str, envs: Sequence[Environment], copies: Sequence[range], timeout: float | None) -> None:
        self.name, self.copies, self.timeout = name, copies, timeout
        self.parent_pipes, self.processes, self._state = [], [], AsyncState.DEFAULT
        lasts = threading.current_thread() is threading.main_thread()
        space = envs[0].observation_space
        try:
            with self._answers():
                makers = [partial(_follow, env, os.getpid(), lasts) for env in envs]
                super().__init__(makers, copy=False, observation_mode=(space, space))  # type: ignore[arg-type]
            self.call("begin")
        except BaseException:  # Ctrl-C, too
            self.close(terminate=True)
            raise
        # at exit multiprocessing sends SIGTERM, which they ignore, and waits for them
        Finalize(self, end_all, (self.processes,), exitpriority=0)

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        with self._answers():
            self.reset_async(seed, options)
            return self.reset_wait(self.timeout)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        with self._answers():
            self.step_async(actions)
            return self.step_wait(self.timeout)

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        with self._answers():
            return super().call(name, *args, **kwargs)

    def close_extras(self, timeout: float | None = None, terminate: bool = False) -> None:
        """Close every copy and end its process; one that does not end in time, or is to terminate, is killed.

        One whose step was interrupted is killed, too, as the step may never end.
        """
        terminate |= self._state is not AsyncState.DEFAULT
        for pipe in () if terminate else self.parent_pipes:
            with suppress(OSError, AttributeError):  # gone, or None after an error
                pipe.send(("close", None))
        end = time.monotonic() + (0 if terminate else GRACE if timeout is None else timeout)
        for process in (each for each in self.processes if each.pid is not None):  # which was started
            process.join(max(end - time.monotonic(), 0))
            process.kill()
            process.join()
        for pipe in self.parent_pipes:
            if pipe is not None:
                pipe.close()

    def _raise_if_errors(self, successes: Iterable[bool]) -> None:
        """Raise the first error of a copy, alone: Gymnasium prints tracebacks too, and fails at one with a % in it."""
        if all(successes):
            return
        try:
            _, _, error, trace = self.error_queue.get(timeout=GRACE)
        except queue.Empty:
            raise EOFError("a process ended before it told its error") from None
        raise error from RemoteError(trace)

    @contextmanager
    def _answers(self) -> Iterator[None]:
        """Close all where one does not answer.

        Raises:
            EnvironmentFailedError: naming a copy that hangs, or whose process is gone.
        """
        try:
            yield
        except Exception as error:
            why = self._reason(error)
            self.close()
            if why is None:
                raise
            raise EnvironmentFailedError(f"the environment {self.name}, {why}") from error

    def _reason(self, error: Exception) -> str | None:
        """Copies and state of the process that does not answer; None if the error is a copy's own."""
        if isinstance(error, multiprocessing.TimeoutError):
            silent = next((i for i, pipe in enumerate(self.parent_pipes) if not pipe.poll()), 0)
            _tell_traceback(self.processes[silent])
            return f"{self._who(silent)}, has not answered for {self.timeout:g} s (env.step_timeout)"
        if not isinstance(error, EOFError | ConnectionError):
            return None
        gone = wait([process.sentinel for process in self.processes], GRACE)
        return next(
            (f"{self._who(i)}: {end_of(each)}" for i, each in enumerate(self.processes) if each.sentinel in gone), None
        )

    def _who(self, number: int) -> str:
        first, *others = self.copies[number]
        return f"copies {first} to {others[-1]}" if others else f"copy {first}"


def _follow(env: Environment, parent: int, thread_lasts: bool) -> Environment:
    if os.getpid() != parent:  # Gymnasium asks for one here, too, to learn its spaces
        follow_parent(thread_lasts)
        faulthandler.enable(ERRORS)
        if sys.platform != "win32":
            faulthandler.register(signal.SIGUSR1, ERRORS)
    return env


def _tell_traceback(process: BaseProcess) -> None:
    if sys.platform != "win32" and process.pid is not None and process.is_alive():
        os.kill(process.pid, signal.SIGUSR1)
