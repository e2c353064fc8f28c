"""Arguments as they are written by the reader of an error or a note: in a command, or in a call from Python."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["argument", "in_command"]

COMMAND = ContextVar("COMMAND", default=False)
"""True while a command runs."""


@contextmanager
def in_command() -> Iterator[None]:
    """Write arguments as options within a block."""
    token = COMMAND.set(True)
    try:
        yield
    finally:
        COMMAND.reset(token)


def argument(name: str, typed: str = "", called: str = "") -> str:
    """Argument with a value, e.g. ``--env.max-episode-steps 200``, or in Python ``env__max_episode_steps=200``.

    Args:
        name: dotted, as a field of the settings, or an argument of a public function.
        typed: value in a command; none to name the argument only.
        called: value in Python; as in a command by default.
    """
    if COMMAND.get():
        return f"--{name.replace('_', '-')} {typed}".rstrip()
    return name.replace(".", "__") + (f"={called or typed}" if typed else "")
