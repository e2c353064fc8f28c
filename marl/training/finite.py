"""Refuses a rollout with a NaN or an infinity before anything is learnt from it."""

from __future__ import annotations

from torch import Tensor

from marl.algorithms.learner import NonFiniteError
from marl.core.records import Observation, Rollout

__all__ = ["check_finite"]


def check_finite(rollout: Rollout) -> None:
    """Refuses a rollout in which not all is finite.

    Raises:
        NonFiniteError: naming the quantity in which it began: what is not finite spreads.
    """
    quantities = {**_quantities(rollout.observation), "reward": rollout.reward}
    began = {name: _first(values) for name, values in quantities.items() if not bool(values.isfinite().all())}
    if began:
        raise NonFiniteError(min(began, key=lambda name: began[name]))


def _first(values: Tensor) -> int:
    """The first step ``t`` of values ``[T, ...]`` at which some are not finite."""
    return int((~values.isfinite()).flatten(1).any(1).int().argmax())


def _quantities(observation: Observation) -> dict[str, Tensor]:
    named = {f"observation of class {name}": features for name, features in observation.features.items()}
    parts = {
        "kinematics": observation.kinematics,
        "entities": observation.entities,
        "auxiliary_target": observation.auxiliary_target,
    }
    return named | {f"{name} of the observation": part for name, part in parts.items() if part is not None}
