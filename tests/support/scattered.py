"""mpe2's simple_tag with its bodies anywhere."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["scatter"]


def scatter(env: Any, rng: np.random.Generator, width: float) -> None:
    """Scatter all bodies over the square of this half-width, where they collide if it is small."""
    world = env.unwrapped.world
    for entity in world.entities:
        entity.state.p_pos = rng.uniform(-width, width, 2)
    for agent in world.agents:
        agent.state.p_vel = rng.uniform(-1.0, 1.0, 2)
