"""CartPole as a task, with a hand-written rule for comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from marl.tasks.gymnasium_config import CLASS
from marl.tasks.gymnasium_task import GymnasiumTask

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from marl.core.records import Observation

__all__ = ["balance", "task"]


def balance(observation: Observation, generator: torch.Generator) -> dict[str, Tensor]:
    """Push to the side to which the pole will lean: right if angle plus angular velocity is positive.

    Args:
        observation: features ``[B, 1, 4]``: position, velocity, angle (radians), angular velocity.
        generator: not used.

    Returns:
        Discrete actions ``[B, 1]``: 0 for left, 1 for right.
    """
    features = observation.features[CLASS]
    return {CLASS: (features[..., 2] + features[..., 3] > 0).long()}


task = GymnasiumTask({"balance": balance})
