"""Quantities that change as training goes on, such as exploration and learning rates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from marl.core.config import Config
from marl.core.limits import MOST_NUMBER

__all__ = [
    "Clock",
    "ExponentialDecay",
    "Fraction",
    "LinearDecay",
    "LogarithmicDecay",
    "PositiveSchedule",
    "Rate",
    "Schedule",
    "WholeSchedule",
    "rate_at",
    "scheduled",
    "values_at",
]


@dataclass(frozen=True)
class Clock:
    """Progress of a learner.

    Args:
        env_steps: env steps learnt from.
        updates: steps of its optimiser.
        episodes: ended episodes.
        share_done: share of training done.
    """

    env_steps: int = 0
    updates: int = 0
    episodes: int = 0
    share_done: float = 0.0


class LinearDecay(Config):
    """A value that falls in a straight line over the first part of training, then stays."""

    kind: Literal["linear"] = "linear"
    """Kind of the decay."""
    start: float = Field(1.0, ge=0, le=1)
    """Value at the beginning."""
    end: float = Field(0.05, ge=0, le=1)
    """Value from there on."""
    share: float = Field(0.1, gt=0, le=1)
    """Share of training in which it falls."""

    def value(self, clock: Clock) -> float:
        """``start + (end - start) min(1, share_done / share)``."""
        return self.start + (self.end - self.start) * min(1.0, clock.share_done / self.share)


class ExponentialDecay(Config):
    """A value that is multiplied by a factor again and again."""

    kind: Literal["exponential"] = "exponential"
    """Kind of the decay."""
    start: float = Field(1.0, ge=0, le=1)
    """Value at the beginning."""
    end: float = Field(0.01, ge=0, le=1)
    """Value below which it never falls."""
    factor: float = Field(0.995, gt=0, le=1)
    """Factor by which the value is multiplied."""
    per: Literal["env_steps", "updates", "episodes"] = "updates"
    """Event at which it is multiplied: each env step, each step of the optimiser, or each episode."""

    def value(self, clock: Clock) -> float:
        """``max(end, start factor^n)``."""
        return max(self.end, self.start * self.factor ** getattr(clock, self.per))


class LogarithmicDecay(Config):
    """A value that falls with the logarithm of the number of episodes."""

    kind: Literal["logarithmic"] = "logarithmic"
    """Kind of the decay."""
    end: float = Field(0.1, ge=0, le=1)
    """Value below which it never falls."""
    decay: float = Field(25.0, gt=0)
    """Episodes until it begins to fall from 1."""

    def value(self, clock: Clock) -> float:
        """``max(end, min(1, 1 - log10((t + 1) / decay)))`` in episode ``t``, counted from 0."""
        return max(self.end, min(1.0, 1.0 - math.log10((clock.episodes + 1) / self.decay)))


_AtLeastZero = Annotated[float, Field(ge=0, allow_inf_nan=False)]


_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


_Share = Annotated[float, Field(ge=0, le=1)]


_Whole = Annotated[int, Field(ge=0, le=MOST_NUMBER)]


def _kind(given: Any) -> str | None:
    if isinstance(given, Mapping):
        return given.get("kind")
    return getattr(given, "kind", "number")


Rate = Annotated[
    Annotated[_Share, Tag("number")]
    | Annotated[LinearDecay, Tag("linear")]
    | Annotated[ExponentialDecay, Tag("exponential")]
    | Annotated[LogarithmicDecay, Tag("logarithmic")],
    Discriminator(
        _kind,
        custom_error_type="rate",
        custom_error_message="give a number from 0 to 1, or {kind: linear, exponential or logarithmic, ...}",
    ),
]
"""A constant between 0 and 1, or a decay, whose ``kind`` selects the class."""


Schedule = _AtLeastZero | tuple[_AtLeastZero, _AtLeastZero]
"""A constant, or the values at the start and at the end of training, linear in between."""


PositiveSchedule = _Positive | tuple[_Positive, _AtLeastZero]
"""A schedule that must not begin at zero."""


Fraction = _Share | tuple[_Share, _Share]
"""A schedule between 0 and 1."""


WholeSchedule = _Whole | tuple[_Whole, _Whole]
"""A schedule of whole numbers; who follows it rounds."""


def rate_at(rate: float | LinearDecay | ExponentialDecay | LogarithmicDecay, clock: Clock) -> float:
    """Value of a rate at a moment of training."""
    return rate if isinstance(rate, float) else rate.value(clock)


def scheduled(schedule: float | tuple[float, float], share_done: float) -> float:
    """Value of a schedule when a share ``share_done`` in ``[0, 1]`` of training is done."""
    if isinstance(schedule, tuple):
        start, end = schedule
        return start + (end - start) * min(max(share_done, 0.0), 1.0)
    return schedule


def values_at(settings: Config, share_done: float) -> dict[str, float]:
    """Values of all schedules in some settings that follow the share of training done, by the fields' dotted names."""
    values: dict[str, float] = {}
    for name, value in settings:
        if isinstance(value, tuple) and len(value) == 2 and all(isinstance(each, (int, float)) for each in value):
            values[name] = scheduled(value, share_done)
        elif isinstance(value, LinearDecay):
            values[name] = value.value(Clock(share_done=share_done))
        elif isinstance(value, Config):
            values |= {f"{name}.{inner}": of_part for inner, of_part in values_at(value, share_done).items()}
    return values
