"""Windows of steps that a replay is read in.

Axes as in `marl.core.records`; ``M`` transitions drawn, ``W`` steps of the window that begins with each of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from marl.core.record_fields import Record
from marl.core.records import Observation

__all__ = ["TurnWindow", "Window"]


@dataclass(frozen=True)
class Window(Record):
    """Windows of ``W`` steps that begin with the transitions drawn.

    Args:
        observation: ``[M, ...]``, what was acted on.
        action: for each class ``[M, N_c]``.
        reward: ``[M, W, N]``.
        alive: ``[M, W, N]``, True for agents that were there at the step.
        terminated: ``[M, W, N]``.
        taken: ``[M, W]``, True for steps that belong to the window: the first, and those after it in the same
            episode, up to a cut and up to the latest that is kept.
        next_observation: ``[M, ...]``, the true successor of the last step taken.
    """

    observation: Observation
    action: dict[str, Tensor]
    reward: Tensor
    alive: Tensor
    terminated: Tensor
    taken: Tensor
    next_observation: Observation


@dataclass(frozen=True)
class TurnWindow(Record):
    """Windows that begin with the transitions drawn and reach as far as the agents that acted there need.

    Args:
        observation: ``[M, ...]``, what was acted on.
        action: for each class ``[M, N_c]``.
        reward: ``[M, W, N]``.
        follows: ``[M, W, N]``, True for steps after which the agent is to move.
        terminated: ``[M, W, N]``.
        ended: ``[M, W, N]``, terminated or truncated.
        taken: ``[M, W]``, True for steps of the same episode, up to the latest that is kept.
        places: ``[M, W]`` of the steps.
    """

    observation: Observation
    action: dict[str, Tensor]
    reward: Tensor
    follows: Tensor
    terminated: Tensor
    ended: Tensor
    taken: Tensor
    places: Tensor
