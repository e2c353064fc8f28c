"""Sides of simple_tag."""

from __future__ import annotations

from typing import Literal

__all__ = ["Side"]

Side = Literal["predators", "prey"]
