"""Settings in which a run that goes on differs from what it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from marl.core.errors import ConfigError
from marl.training.run_config import RunConfig, read_config

__all__ = ["check_resumable", "differences"]

ANYTIME = frozenset({"env.processes", "env.step_timeout"})
"""Settings of the environment that change nothing of what a run learns."""


def check_resumable(old: Mapping[str, Any], new: RunConfig[Any]) -> None:
    """Raise an error for settings under which a run cannot go on from its checkpoint.

    Args:
        old: complete settings of the run.
        new: configuration to go on with.

    Raises:
        ConfigError: naming the field and both values.
    """
    for name, was, wished in differences(old, new, ("env", "policy", "sides", "initial_policy", "num_copies", "seed")):
        if name.startswith("sides.") and name.split(".")[2:3] == ["algorithm"]:
            continue  # as the run's own algorithm
        if name in ANYTIME:
            continue
        raise ConfigError(
            f"{name} is {wished!r}, but the run was trained with {was!r}; it cannot change when a run goes on "
            "(a network of another architecture cannot take its weights): leave it out, or train a new run"
        )


def differences(old: Mapping[str, Any], new: RunConfig[Any], fields: Sequence[str]) -> list[tuple[str, Any, Any]]:
    """Dotted name and both values of each setting in which two runs differ.

    Args:
        old: complete settings of one.
        new: configuration of the other.
        fields: fields of a configuration.
    """
    now = new.model_dump(mode="json")
    if any(old[field] != now[field] for field in fields):
        old = read_config(old).model_dump(mode="json")  # validated, as equal settings can be written in other ways
    return [found for field in fields for found in _differences(field, old[field], now[field])]


def _differences(name: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in {**old, **new}:
            yield from _differences(f"{name}.{key}", old.get(key), new.get(key))
    elif old != new:
        yield name, old, new
