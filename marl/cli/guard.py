"""Errors that a user can put right, shown without a traceback."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import TextIO

from marl.core.errors import ConfigError, EnvironmentFailedError, FileError, Note, TrainingError
from marl.system.interrupts import exit_status

__all__ = ["fail", "guarded"]


def guarded(command: Callable[[list[str]], int], arguments: list[str]) -> int:
    """Run a command, and show errors that a user can put right without a traceback.

    Returns:
        Exit status; see `main`.
    """
    warnings.showwarning = _show
    try:
        return command(arguments)
    except SystemExit as stop:  # tyro has printed the reason
        return stop.code if isinstance(stop.code, int) else 0
    except (ConfigError, FileError) as error:
        return fail(str(error), 2)
    except (EnvironmentFailedError, TrainingError, OSError) as error:
        return fail(str(error), 1)
    except KeyboardInterrupt as stop:
        print("stopped at once", file=sys.stderr)
        return exit_status(*stop.args)  # see `end_on_signal`


def _show(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a note as one line, other warnings as Python does."""
    text = f"note: {message}\n"
    if not issubclass(category, Note):
        text = warnings.formatwarning(message, category, filename, lineno, line)
    (file or sys.stderr).write(text)


def fail(message: str, status: int) -> int:
    """Print an error, and return the exit status."""
    label = "\033[1;31merror:\033[0m" if sys.stderr.isatty() else "error:"
    print(f"{label} {message}", file=sys.stderr)
    return status
