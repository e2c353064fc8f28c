"""Settings of `meeting.Meeting`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from marl.core.composition import parse_team
from marl.core.config import Config

__all__ = ["SIGHTS", "CommunicationConfig", "MeetingConfig"]

SIGHTS = {"landmark": -2, "target": -1}
"""Places of what can be seen among the entities."""


class CommunicationConfig(Config):
    """Who hears whom."""

    range: float = Field(1.0, ge=0)
    """Largest distance of two walkers that hear each other."""
    link_loss: float = Field(0.0, ge=0, le=1)
    """Probability that a pair cannot hear each other at a step of training."""


class MeetingConfig(Config):
    """Walkers of some classes, each of which sees the landmark, the target, or both."""

    name: Literal["meeting"] = "meeting"
    """The task."""
    training_teams: tuple[dict[str, int], ...] = ()
    """Teams of which each training episode draws one; none named for the team above."""
    classes: dict[str, tuple[str, ...]] = {"A": ("landmark",), "B": ("target",)}
    """What each class sees beside itself."""
    team: dict[str, int] = {"A": 2, "B": 2}
    """Number of walkers of each class."""
    communication: CommunicationConfig | None = CommunicationConfig()
    """Who hears whom; None for no messages."""
    target: Literal["wanders", "still"] = "wanders"
    """How the target moves."""
    slow_episodes: int = Field(0, ge=0)
    """Training episodes after which the target goes at full speed; half of it until then."""
    max_cycles: int = Field(12, ge=1)
    """Steps of an episode."""
    continuous_actions: bool = False
    """Actions are two numbers in [-1, 1] instead of one of five."""

    @field_validator("team", mode="before")
    @classmethod
    def _read_team(cls, value: Any, info: ValidationInfo) -> Any:
        return parse_team(value, tuple(info.data.get("classes", ()))) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _walkers_see(self) -> MeetingConfig:
        for name, sights in self.classes.items():
            if not sights:
                raise ValueError(f"class {name!r} sees nothing")
            for sight in sights:
                if sight not in SIGHTS:
                    raise ValueError(f"class {name!r} sees {sight!r}; what can be seen is {', '.join(SIGHTS)}")
        for team in (self.team, *self.training_teams):
            unknown = next((name for name in team if name not in self.classes), None)
            if unknown is not None:
                raise ValueError(f"team names class {unknown!r}, which is not declared")
            if not any(team.values()):
                raise ValueError(f"team {team} has no walkers")
        return self
