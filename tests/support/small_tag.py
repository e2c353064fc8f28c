"""simple_tag in place of the tests' own environment, for the tests of what is built on it."""

from __future__ import annotations

from typing import Any

import pytest

__all__ = ["small_env"]


@pytest.fixture
def small_env() -> dict[str, Any]:
    """simple_tag with everything that keeps state: lost links, and the stages of a curriculum."""
    return {
        "name": "simple_tag",
        "max_cycles": 12,
        "communication": {"link_loss": 0.2},
        "curriculum": {"episodes": 40, "stages": [{"prey_speed": 0.5, "until": 0.0}, {}]},
    }
