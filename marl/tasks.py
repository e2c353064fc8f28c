"""Finds tasks by name."""

from __future__ import annotations

from importlib.metadata import entry_points

from marl.environment import Task

__all__ = ["UnknownTaskError", "find_task"]

GROUP = "marl.environments"


class UnknownTaskError(ValueError):
    """No installed package offers the task, or what it needs is not installed."""


def find_task(name: str) -> Task:
    """The task that an installed package registered in the entry-point group ``marl.environments``.

    Raises:
        UnknownTaskError: if there is none of that name, or it cannot be imported.
    """
    offered = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in offered:
        names = ", ".join(sorted(offered)) or "none"
        raise UnknownTaskError(
            f"env.name is {name!r}, which no installed package offers; there is: {names}. "
            f"A package adds its own through the entry-point group {GROUP!r}"
        )
    try:
        return offered[name].load()
    except ModuleNotFoundError as error:
        raise UnknownTaskError(
            f"env.name {name!r} needs the module {error.name!r}, which is not installed; "
            f"try: pip install {(error.name or name).split('.')[0]}"
        ) from error
