"""A table of four states and two actions, and its learner."""

from __future__ import annotations

from marl.algorithms.configs import QLearningConfig, TableLearnerConfig
from marl.algorithms.kinds import make_learner
from marl.algorithms.q_learning import TableLearner
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.maths.schedules import ExponentialDecay
from marl.policies.configs import TableConfig
from marl.policies.table import Table

__all__ = ["GAMMA", "STATES", "make_learning"]

STATES = 4
RATE = 0.5
GAMMA = 0.9


def always(value: float) -> ExponentialDecay:
    return ExponentialDecay(start=value, end=value, factor=1.0)


def make_learning(
    kind: type[TableLearnerConfig] = QLearningConfig,
    roster: Roster | None = None,
    rate: float = RATE,
    epsilon: float = 0.5,
    gamma: float = GAMMA,
) -> tuple[Table, TableLearner]:
    """A table of four states and two actions, and its learner."""
    roster = roster or Roster((AgentClass("solo", 1, ActionSpec("discrete", 2), (STATES,)),), (1,))
    table = Table(roster, TableConfig())
    config = kind(gamma=gamma, learning_rate=always(rate), exploration=always(epsilon))
    return table, make_learner(table, config, 0)
