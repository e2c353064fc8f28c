"""`preset` and `run` are of simple_tag here; `saved` are policies of both sides."""

from __future__ import annotations

from saved_opponents import saved
from small_tag import small_env

__all__ = ["saved", "small_env"]
