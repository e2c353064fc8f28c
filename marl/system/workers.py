"""Objects in processes of their own, whose methods this process calls; one that dies ends all of them."""

from __future__ import annotations

import faulthandler
import pickle
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize
from types import ModuleType
from typing import Any

from marl.core.errors import WorkerFailedError
from marl.core.trust import TRUST, Trust
from marl.system.process_pool import CONTEXT

__all__ = ["RemoteError", "Workers", "end_all", "end_of"]

GRACE = 5.0
"""Seconds in which the status of a process whose pipe has closed is there."""


class RemoteError(Exception):
    """Cause of an error in another process: its traceback there, as text."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


class Workers:
    """Spawned processes, each with an object whose methods are called in all of them at once.

    They trust what this block trusts, ignore signals that ask a run to stop, and end with this process. What an object
    raises is raised here, and its warnings are given here. One that crashes prints its traceback to standard
    error. After an error all of them are ended. The main module is not imported there, so a script needs no guard.

    Args:
        makers: for each process makes the object there; can be pickled.
        names: of the objects, for errors, e.g. ``group 0``.

    Raises:
        WorkerFailedError: by all methods, naming an object whose process is gone.
    """

    def __init__(self, makers: Sequence[Callable[[], Any]], names: Sequence[str]) -> None:
        self.names, self._pipes, self._processes = names, list[Connection](), list[BaseProcess]()
        try:
            for make in makers:
                here, there = CONTEXT.Pipe()
                process = CONTEXT.Process(target=_serve, args=(there, TRUST.get(), make), daemon=True)
                self._pipes.append(here)
                with _without_main():
                    process.start()
                self._processes.append(process)
                there.close()
        except BaseException:  # Ctrl-C, too
            self.close()
            raise
        # at exit multiprocessing sends SIGTERM, which they ignore, and waits for them
        Finalize(self, end_all, (self._processes,), exitpriority=0)

    def call(self, method: str, arguments: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Call a method of every object.

        Args:
            method: its name.
            arguments: for each object; can be pickled.

        Returns:
            Result of each.
        """
        try:
            for number, given in enumerate(arguments):
                # not as pipes do it: with PyTorch they would put tensors into shared memory
                self._talk(number, partial(Connection.send_bytes, buf=pickle.dumps((method, given))))
            return [self._result(number) for number in range(len(self._pipes))]
        except BaseException:  # Ctrl-C, too, in which they are at work for nobody
            self.close()
            raise

    def close(self) -> None:
        """End the processes, also in the middle of a call; they keep nothing that would be lost."""
        end_all(self._processes)
        for pipe in self._pipes:
            pipe.close()

    def _result(self, number: int) -> Any:
        while True:
            kind, content = pickle.loads(self._talk(number, Connection.recv_bytes))
            if kind == "warning":
                text, category = content
                warnings.warn(text, category, stacklevel=4)
            elif kind == "error":
                error, trace = content
                raise error from RemoteError(trace)
            else:
                return content

    def _talk(self, number: int, say: Callable[[Connection], Any]) -> Any:
        try:
            return say(self._pipes[number])
        except (EOFError, OSError) as error:
            told = f"{self.names[number]}: {end_of(self._processes[number])}"
            raise WorkerFailedError(told) from error


@contextmanager
def _without_main() -> Iterator[None]:
    """Hide the main module: a spawned process would import it, and so begin a user's script once more."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def end_all(processes: Sequence[BaseProcess]) -> None:
    """Kill processes and wait for their end."""
    for process in processes:
        process.kill()
    for process in processes:
        process.join()


def end_of(process: BaseProcess) -> str:
    """Exit status or signal of a process that is gone, in words."""
    process.join(GRACE)  # its pipes close a moment before its status is there
    code = process.exitcode
    if code is None or code >= 0:
        return f"its process ended with exit status {code}"
    return f"its process was ended by {signal.Signals(-code).name}"


def _serve(pipe: Connection, trust: Trust, make: Callable[[], Any]) -> None:
    def tell(kind: str, content: Any) -> None:
        pipe.send_bytes(pickle.dumps((kind, content)))

    TRUST.set(trust)
    faulthandler.enable()
    warnings.showwarning = lambda message, category, *_, **__: tell("warning", (str(message), category))
    served: Any = None
    while True:
        try:
            method, arguments = pickle.loads(pipe.recv_bytes())
        except EOFError:  # the parent has closed it, or is gone
            return
        try:
            served = make() if served is None else served
            result = getattr(served, method)(**arguments)
        except Exception as error:
            tell("error", (_sendable(error), traceback.format_exc()))
        else:
            tell("result", result)


def _sendable(error: Exception) -> Exception:
    """The error, or its words where it cannot be sent."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # of its own code
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
