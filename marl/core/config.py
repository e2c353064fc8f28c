"""Base of every configuration."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Config", "Fraction", "PositiveSchedule", "Schedule", "Width", "scheduled"]

_AtLeastZero = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0, le=1)]

Schedule = _AtLeastZero | tuple[_AtLeastZero, _AtLeastZero]
"""A constant, or the values at the start and at the end of training, linear in between."""
PositiveSchedule = _Positive | tuple[_Positive, _AtLeastZero]
"""The same for what must not begin at zero."""
Fraction = _Share | tuple[_Share, _Share]
"""The same between 0 and 1."""
Width = Annotated[int, Field(ge=1)]
"""Width of a layer."""


class Config(BaseModel):
    """A frozen model; an unknown field is an error, and every field's docstring is its help."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def scheduled(schedule: float | tuple[float, float], progress: float) -> float:
    """The value of a schedule when a share ``progress`` in ``[0, 1]`` of training is done."""
    if isinstance(schedule, tuple):
        start, end = schedule
        return start + (end - start) * min(max(progress, 0.0), 1.0)
    return schedule
