"""Sides of simple_tag."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

__all__ = ["OPPONENTS", "Side"]

Side = Literal["predators", "prey"]
OPPONENTS: Mapping[Side, Side] = MappingProxyType({"predators": "prey", "prey": "predators"})
"""The side that each meets."""
