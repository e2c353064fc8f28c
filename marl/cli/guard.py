"""Errors that a user can put right, shown without a traceback."""

from __future__ import annotations

import errno
import os
import re
import sys
import warnings
from collections.abc import Callable

from marl.core.errors import ConfigError, EnvironmentFailedError, FileError, TrainingError
from marl.core.wording import in_command
from marl.system.interrupts import exit_status
from marl.system.outputs import lasting_outputs
from marl.system.warning_lines import show_warning

__all__ = ["fail", "guarded"]

BAD_PLACE = frozenset(
    {
        *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO),
        *(errno.EACCES, errno.EPERM, errno.EROFS),
    }
)
"""Errors of the system that another file or folder mends; after the others, such as a full disk, the same may work."""
LONGEST = 4_000
"""Letters of an error; of a longer one the middle is left out."""
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
"""Control characters but for line ends: a file could colour the terminal, or rename its window."""


def guarded(command: Callable[[list[str]], int], arguments: list[str]) -> int:
    """Run a command to its end, whoever reads what it prints, and show errors that a user can put right in a line.

    Returns:
        Exit status; see `main`.
    """
    warnings.showwarning = show_warning
    with lasting_outputs() as errors, in_command(arguments):
        status = _status_of(command, arguments)
        sys.stdout.flush()
        if errors and not status:
            return fail(f"what was printed is lost: standard output cannot be written ({errors[0]})", 1)
        return status


def _status_of(command: Callable[[list[str]], int], arguments: list[str]) -> int:
    try:
        return command(arguments)
    except SystemExit as stop:  # tyro has printed the reason
        return stop.code if isinstance(stop.code, int) else 0
    except (ConfigError, FileError) as error:
        return fail(str(error), 2)
    except OSError as error:
        return fail(str(error), 2 if error.errno in BAD_PLACE else 1)
    except (EnvironmentFailedError, TrainingError) as error:
        return fail(str(error), 1)
    except KeyboardInterrupt as stop:
        print("stopped at once", file=sys.stderr)
        return exit_status(*stop.args)  # see `end_on_signal`


def fail(message: str, status: int) -> int:
    """Print an error, and return the exit status."""
    coloured = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    label = "\033[1;31merror:\033[0m" if coloured else "error:"
    if len(message) > LONGEST:
        message = f"{message[: LONGEST // 2]} ... {message[-LONGEST // 2 :]}"
    print(f"{label} {CONTROL.sub(lambda found: repr(found[0])[1:-1], message)}", file=sys.stderr)
    return status
