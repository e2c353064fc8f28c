"""Base of every configuration."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Config", "Schedule", "scheduled"]

Schedule = float | tuple[float, float]
"""A constant, or the values at the start and at the end of training, linear in between."""


class Config(BaseModel):
    """A frozen model; an unknown field is an error, and every field's docstring is its help."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def scheduled(schedule: Schedule, progress: float) -> float:
    """The value of a schedule when a share ``progress`` in ``[0, 1]`` of training is done."""
    if isinstance(schedule, tuple):
        start, end = schedule
        return start + (end - start) * min(max(progress, 0.0), 1.0)
    return schedule
