"""Base of every configuration."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Config", "Width"]


Width = Annotated[int, Field(ge=1)]
"""Width of a layer."""


class Config(BaseModel):
    """Frozen model; an unknown field is an error, and every field's docstring is its help."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
