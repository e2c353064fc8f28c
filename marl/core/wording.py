"""Arguments as they are written by the reader of an error or a note: in a command, or in a call from Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["argument", "in_command", "typed_command"]

COMMAND: ContextVar[tuple[str, ...] | None] = ContextVar("COMMAND", default=None)
"""Words after ``marl`` while a command runs."""


@contextmanager
def in_command(words: Sequence[str] = ()) -> Iterator[None]:
    """Write arguments as options within a block.

    Args:
        words: of the command, after ``marl``.
    """
    token = COMMAND.set(tuple(words))
    try:
        yield
    finally:
        COMMAND.reset(token)


def typed_command() -> tuple[str, ...] | None:
    """Words of the command that runs, after ``marl``; None in Python."""
    return COMMAND.get()


def argument(name: str, typed: str = "", called: str = "") -> str:
    """Argument with a value, e.g. ``--env.max-episode-steps 200``, or in Python ``env__max_episode_steps=200``.

    Args:
        name: dotted, as a field of the settings, or an argument of a public function.
        typed: value in a command; none to name the argument only.
        called: value in Python; as in a command by default.
    """
    if COMMAND.get() is not None:
        return f"--{name.replace('_', '-')} {typed}".rstrip()
    return name.replace(".", "__") + (f"={called or typed}" if typed else "")
