"""`preset` and `run` are of simple_tag here."""

from __future__ import annotations

from small_tag import small_env

__all__ = ["small_env"]
