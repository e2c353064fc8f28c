"""Entry points through which installed packages offer environments and games."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from marl.core.errors import ConfigError

__all__ = ["MissingModuleError", "load_entry", "offered"]


class MissingModuleError(ConfigError):
    """Entry point whose module, or a module that it imports, cannot be found."""


def offered(group: str) -> dict[str, EntryPoint]:
    """Entry points of a group by name, from all installed packages."""
    return {entry.name: entry for entry in entry_points(group=group)}


def load_entry(entry: EntryPoint) -> Any:
    """Import the object that an entry point names.

    Raises:
        MissingModuleError: if a module is not found; names the entry, its distribution and the module.
    """
    try:
        return entry.load()
    except ModuleNotFoundError as error:
        source = "an unknown distribution" if entry.dist is None else f"the distribution {entry.dist.name!r}"
        raise MissingModuleError(
            f"{entry.name!r} cannot be imported: its entry point {entry.value!r} in the group {entry.group!r}, "
            f"declared by {source}, needs the module {error.name!r}, which is not there; install that distribution "
            "again with what it requires, or put the module's folder on PYTHONPATH"
        ) from error
