"""Commands run in forks of a process that has imported everything, so that each begins at once.

The module run as a script is that process. It has the library of `file_faults` preloaded.
"""

from __future__ import annotations

import ctypes
import functools
import gc
import importlib.metadata
import inspect
import json
import os
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from file_faults import Fault

__all__ = ["CommandServer", "Ended"]

SECONDS = 120
STOPPING = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}
"""What these signals do in a process that begins, unless they are ignored."""
MODULES = (
    *("marl.cli.train", "marl.cli.alternate", "marl.cli.many_runs", "marl.cli.worker", "marl.cli.closing_report"),
    *("marl.analysis.crosstable", "marl.training.score_picture", "marl.pictures.episode", "scipy.stats"),
)
"""Modules that commands import late."""
DECAY = {"kind": "logarithmic", "decay": 10}
WARMING: dict[str, Any] = {
    "env": {"name": "meeting", "classes": {"A": ["target"]}, "team": {"A": 1}, "communication": None},
    "policy": {"kind": "table", "bins": [[0.0]] * 6},
    "algorithm": {"name": "q_learning", "learning_rate": DECAY, "exploration": DECAY},
    "num_copies": 1,
    "rollout_length": 16,
    "total_env_steps": 32,
    "evaluation_episodes": 1,
    "threads": 1,
    "score_log": {"threshold": 195},
}
"""A training without gradients: autograd refuses to work in forks of a process in which it has worked."""


@dataclass(frozen=True)
class Ended:
    """End of a command.

    Args:
        status: exit status, negative for a signal.
        printed: standard output.
        told: standard error.
    """

    status: int
    printed: str
    told: str


class CommandServer:
    """Process that runs commands, one at a time.

    Args:
        library: of `file_faults`.
        folder: for what commands print.
    """

    def __init__(self, library: Path, folder: Path) -> None:
        self.folder = folder
        preload = os.pathsep.join(filter(None, [str(library), os.environ.get("LD_PRELOAD")]))
        environment = {**os.environ, "LD_PRELOAD": preload, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, __file__, str(folder)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, env=environment, text=True, cwd=folder, **pipes)  # type: ignore[call-overload]

    def run(
        self,
        arguments: Sequence[str],
        folder: Path,
        fault: Fault | None = None,
        log: Path | None = None,
        flushing: bool = False,
    ) -> Ended:
        """Run ``marl`` in a folder until it and all its processes have ended.

        Args:
            arguments: as typed after ``marl``.
            folder: where it is run; file operations below it are counted.
            fault: at one of them; None for none.
            log: file that they are logged to; None for no log.
            flushing: let fsync below the folder do its work, not only count it.
        """
        fault = fault or Fault(0, 0)
        job = {"arguments": list(arguments), "folder": str(folder.resolve()), "log": log and str(log)}
        faults = {"at": fault.at, "kind": fault.kind, "flags": fault.lasting + 2 * flushing}
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({**job, **faults}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the server of commands has ended"
        return Ended(int(answer), *((self.folder / name).read_text() for name in ("out", "err")))

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


class ForkedPython(subprocess.Popen[bytes]):
    """A process of this interpreter's ``-c`` that is forked and not started anew; others are started."""

    def _execute_child(self, *parts: Any) -> None:
        given = inspect.signature(super()._execute_child).bind(*parts).arguments  # type: ignore[misc]
        arguments = list(given["args"])
        if arguments[:2] != [sys.executable, "-c"]:
            super()._execute_child(*parts)  # type: ignore[misc]
            return
        self.pid = os.fork()
        if self.pid == 0:
            _leave(lambda: _begin_anew(given, arguments))
        self._child_created = True
        names = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        self._close_pipe_fds(*(given[name] for name in names))  # type: ignore[attr-defined]


def _begin_anew(given: dict[str, Any], arguments: list[str]) -> object:
    for target, end in enumerate((given["p2cread"], given["c2pwrite"], given["errwrite"])):
        if end != -1:
            os.dup2(end, target)
    for end in (given["p2cwrite"], given["c2pread"]):
        if end != -1:
            os.close(end)
    if given["start_new_session"]:
        os.setsid()
    for number, usual in STOPPING.items():
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, usual)
    if given["preexec_fn"] is not None:
        given["preexec_fn"]()
    _open_streams()
    sys.argv = ["-c", *arguments[3:]]
    exec(arguments[2], {"__name__": "__main__"})
    return 0


def _open_streams() -> None:
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False, buffering=1)


def _leave(work: Callable[[], object]) -> NoReturn:
    """End the process as Python does when its script has done the work."""
    status: object = 1
    try:
        status = work()
    except SystemExit as stop:
        status = stop.code
    except BaseException:
        traceback.print_exc()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status if isinstance(status, int) else 0 if status is None else 1)


def _command(job: dict[str, Any]) -> object:
    from marl.cli.main import main

    for target, name in enumerate((os.devnull, "out", "err")):
        end = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(end, target)
        os.close(end)
    _open_streams()
    subprocess.Popen = ForkedPython  # type: ignore[misc]
    os.chdir(job["folder"])
    log = job["log"] and os.fsencode(job["log"])
    ctypes.CDLL(None).faults_arm(os.fsencode(job["folder"]), ctypes.c_long(job["at"]), job["kind"], job["flags"], log)
    return main(job["arguments"])


def _run(job: dict[str, Any]) -> int:
    """Exit status of a command, when all its processes have ended."""
    ours, theirs = os.pipe()  # inherited by every process of the command
    process = os.fork()
    if process == 0:
        os.close(ours)
        _leave(lambda: _command(job))
    os.close(theirs)
    if not select.select([ours], [], [], SECONDS)[0]:
        os.kill(process, signal.SIGKILL)
        print(f"killed after {SECONDS} s: marl {job['arguments']} in {job['folder']}", file=sys.stderr)
    os.close(ours)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _warm() -> None:
    """Do once what every command would do for itself, and spare it what takes long and is of no interest here."""
    from matplotlib.figure import Figure

    Figure.draw = lambda *_: None  # type: ignore[method-assign]
    importlib.metadata.entry_points = functools.cache(importlib.metadata.entry_points)
    for name in MODULES:
        import_module(name)
    sys.modules["marl.analysis.crosstable"].EPISODES = 10  # type: ignore[attr-defined]
    import marl

    marl.train(WARMING, "warm")
    marl.make({"name": "simple_tag"})


if __name__ == "__main__":
    _warm()
    gc.freeze()  # no collection copies the pages that forks share
    for line in sys.stdin:
        print(_run(json.loads(line)), flush=True)
