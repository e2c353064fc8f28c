"""What a user can put right: the errors that the command line shows without a traceback."""

from __future__ import annotations

__all__ = ["ConfigError", "FileError", "TrainingError", "UndrawableError"]


class ConfigError(ValueError):
    """A setting that cannot be used, with the field, the value and what would do."""


class UndrawableError(ConfigError):
    """An environment of which no picture can be made."""


class FileError(ValueError):
    """A file that cannot be used, with the reason."""


class TrainingError(RuntimeError):
    """Training cannot go on; the message says when, why and what is left."""
