"""Learners of several sides as one: each learns from its own part of the same rollouts."""

from __future__ import annotations

from collections.abc import Mapping

from marl.algorithms.learner import Learner, NonFiniteError
from marl.core.environment import State
from marl.core.records import Rollout
from marl.policies.sides import Sides

__all__ = ["SidesLearner"]


class SidesLearner:
    """Learner of each side that is trained, with an optimiser and advantages of its own. A `Learner`.

    Metrics have the name of their side, e.g. ``loss/policy/prey``.

    Args:
        policy: policies of all sides.
        learners: learner of each side that is trained.
    """

    def __init__(self, policy: Sides, learners: Mapping[str, Learner]) -> None:
        self.policy, self.learners = policy, dict(learners)

    def update(self, rollout: Rollout, share_done: float) -> dict[str, float]:
        """Train each side on its part of a rollout; see `Learner`.

        Raises:
            NonFiniteError: naming the side; sides before it have learnt.
        """
        rollouts = self.policy.rollouts(rollout)
        metrics: dict[str, float] = {}
        for side, learner in self.learners.items():
            try:
                learnt = learner.update(rollouts[side], share_done)
            except NonFiniteError as error:
                raise NonFiniteError(f"side {side}: {error.quantity}") from error
            metrics |= {f"{name}/{side}": value for name, value in learnt.items()}
        return metrics

    def state(self) -> State:
        """State of each learner by its side."""
        return {side: learner.state() for side, learner in self.learners.items()}

    def load_state(self, state: State) -> None:
        """Go on from a state that `state` gave."""
        for side, learner in self.learners.items():
            learner.load_state(state[side])
