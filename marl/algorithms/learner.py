"""Learners: their interface, and the refusal of what is not finite."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor

from marl.algorithms.configs import NoLearningConfig
from marl.core.environment import State
from marl.core.records import Observation, Rollout
from marl.core.symmetry import Symmetries
from marl.policies.policy import Policy

__all__ = ["Learner", "NoLearning", "NonFiniteError", "check_finite"]


class NonFiniteError(ArithmeticError):
    """A quantity that is NaN or infinite.

    Args:
        quantity: its name.
    """

    def __init__(self, quantity: str) -> None:
        super().__init__(quantity)  # as it is, so that the error can come from another process
        self.quantity = quantity

    def __str__(self) -> str:
        return f"{self.quantity} is not finite"


class Learner(Protocol):
    """A learner: turns experience into better parameters of its policy.

    One that keeps the best of its policies has it as ``best``; that one then plays and is stored.
    """

    def update(self, batch: Any, share_done: float, /) -> dict[str, float]:
        """Learn from what was just collected.

        Args:
            batch: a `Rollout`, or what else its source gives.
            share_done: share of training done, for the schedules.

        Returns:
            Metrics by name.

        Raises:
            NonFiniteError: if a loss or gradient is; the parameters are left as they were before the step that failed.
        """
        ...

    def state(self) -> State:
        """Everything that is needed to go on, the policy's parameters aside."""
        ...

    def load_state(self, state: State) -> None:
        """Go on from a state that `state` gave."""
        ...


class NoLearning:
    """A learner that leaves the policy as it is, for the record of one that needs no training. A `Learner`.

    Args:
        policy: left alone.
        config: nothing.
        seed: not used.
        symmetries: not used.
    """

    def __init__(
        self, policy: Policy, config: NoLearningConfig, seed: int, symmetries: Symmetries | None = None
    ) -> None:
        self.policy, self.config = policy, config

    def update(self, rollout: Rollout, share_done: float) -> dict[str, float]:
        """Change nothing."""
        return {}

    def state(self) -> State:
        """An empty state."""
        return {}

    def load_state(self, state: State) -> None:
        """Do nothing."""


def check_finite(rollout: Rollout) -> None:
    """Refuse a rollout in which not all is finite.

    Raises:
        NonFiniteError: naming the quantity in which it began: what is not finite spreads.
    """
    # a successor is of the step after, where it is acted on under the plain name, unless the episode ended
    quantities = [
        (0, _quantities("observation", rollout.observation)),
        (1, _quantities("next observation", rollout.next_observation)),
        (0, {"reward": rollout.reward}),
    ]
    began = {
        name: later + _first(values)
        for later, named in quantities
        for name, values in named.items()
        if not bool(values.isfinite().all())
    }
    if began:
        raise NonFiniteError(min(began, key=lambda name: began[name]))


def _first(values: Tensor) -> int:
    """The first step ``t`` of values ``[T, ...]`` at which some are not finite."""
    return int((~values.isfinite()).flatten(1).any(1).int().argmax())


def _quantities(which: str, observation: Observation) -> dict[str, Tensor]:
    named = {f"{which} of class {name}": features for name, features in observation.features.items()}
    named |= {
        f"image in the {which} of class {name}": x
        for name, x in (observation.images or {}).items()
        if x.is_floating_point()
    }
    parts = {
        "kinematics": observation.kinematics,
        "entities": observation.entities,
        "auxiliary_target": observation.auxiliary_target,
        "state": observation.state,
    }
    return named | {f"{name} of the {which}": part for name, part in parts.items() if part is not None}
