"""Base of every configuration."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from marl.core.limits import MOST_NUMBER

__all__ = ["Config"]


class Config(BaseModel):
    """Frozen model; an unknown field is an error, and every field's docstring is its help."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @field_validator("*")
    @classmethod
    def _no_endless_number(cls, value: Any) -> Any:
        if isinstance(value, int) and abs(value) > MOST_NUMBER:
            raise ValueError(f"the number is too large; give at most {MOST_NUMBER:,}")
        return value
