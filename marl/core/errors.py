"""Errors that a user can put right; the command line shows them without a traceback."""

from __future__ import annotations

__all__ = [
    "ConfigError",
    "DamagedError",
    "EnvironmentFailedError",
    "FileError",
    "Note",
    "PictureError",
    "TrainingError",
    "UndrawableError",
    "WorkerFailedError",
]


class ConfigError(ValueError):
    """Unusable setting; the message names the field, its value and the accepted values."""


class UndrawableError(ConfigError):
    """Environment that cannot be drawn."""


class PictureError(UndrawableError):
    """Picture that failed, of an environment that draws some; the message says what is wrong with it."""


class FileError(ValueError):
    """Unusable file; the message gives the reason."""


class DamagedError(FileError):
    """File that is missing, cut short or changed, where another copy may be whole."""


class Note(UserWarning):
    """Something that a user should know and that stops nothing; the command line prints it as one line."""


class EnvironmentFailedError(RuntimeError):
    """Environment that raised an error, exited, died or hung; the message names it, the copy and what it did."""


class WorkerFailedError(RuntimeError):
    """Process of a training that ended by itself; the message names it and how it ended."""


class TrainingError(RuntimeError):
    """Training that cannot go on; the message says when, why and which checkpoint is left."""
