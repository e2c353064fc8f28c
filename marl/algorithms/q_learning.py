"""Q-learning and SARSA: a table of action values learns from one step at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial

import torch
from torch import Tensor

from marl.algorithms.configs import TableLearnerConfig
from marl.core.environment import State
from marl.core.errors import ConfigError
from marl.core.records import Rollout
from marl.core.symmetry import Symmetries
from marl.maths.schedules import Clock, rate_at
from marl.policies.policy import Policy
from marl.policies.table import Table

__all__ = ["QLearning", "Sarsa", "TableLearner", "best_value", "expected_value"]


def best_value(values: Tensor, legal: Tensor | None) -> Tensor:
    """The highest value of a legal action.

    Args:
        values: ``[..., A]``.
        legal: ``[..., A]``, or None if all are.
    """
    return (values if legal is None else values.masked_fill(~legal, torch.finfo(values.dtype).min)).amax(-1)


def expected_value(values: Tensor, legal: Tensor | None, epsilon: Tensor) -> Tensor:
    """Expected value of an epsilon-greedy choice.

    ``epsilon mean_a Q(a) + (1 - epsilon) max_a Q(a)`` over the legal actions.

    Args:
        values: ``[..., A]``.
        legal: ``[..., A]``, or None if all are.
        epsilon: share of actions that are drawn at random.
    """
    legal_or_all = torch.ones_like(values, dtype=torch.bool) if legal is None else legal
    mean = (values * legal_or_all).sum(-1) / legal_or_all.sum(-1).clamp(min=1)
    return epsilon * mean + (1 - epsilon) * best_value(values, legal)


def _shares(cells: Tensor, alive: Tensor) -> Tensor:
    """The weight of each update, so that those of one value in one step have their mean.

    Args:
        cells: ``[T, K]``, which value is updated.
        alive: ``[T, K]``, True for updates that count.

    Returns:
        ``[T, K]``: one over how many that count have the same cell in the same step; 0 for those that do not.
    """
    step = torch.arange(len(cells), device=cells.device)[:, None] * (int(cells.max()) + 1)
    _, place, number = torch.where(alive, step + cells, -1).unique(return_inverse=True, return_counts=True)
    return alive / number[place]


Bootstrap = Callable[[int, Tensor], Tensor]
"""From a step's number and its successors' action values ``[K, A]`` to what the successors are worth, ``[K]``."""


class TableLearner(ABC):
    """Tabular learning, step by step in the order of time. A `Learner`.

    ``Q(s, a) += rate (reward + gamma (1 - terminated) value(s') - Q(s, a))``. Where several agents or copies update
    the same value in one step, it goes towards the mean of their targets, so that the rate means the same for any
    number of copies. An episode that was cut is bootstrapped from its true last observation. Actions are those of the
    table as the rollout found it: textbooks update after each step, which is ``rollout_length: 1``.

    Args:
        policy: is trained in place.
        config: settings.
        seed: not used: nothing is drawn.
        symmetries: not used.
    """

    def __init__(
        self, policy: Policy, config: TableLearnerConfig, seed: int, symmetries: Symmetries | None = None
    ) -> None:
        assert isinstance(policy, Table)  # its settings allow no other
        self.policy, self.config, self.clock = policy, config, Clock()
        policy.epsilon.fill_(rate_at(config.exploration, self.clock))

    @torch.no_grad()
    def update(self, rollout: Rollout, share_done: float) -> dict[str, float]:
        """Learn from each step once, then set the exploration; see `Learner`.

        Raises:
            ConfigError: if agents take turns.
        """
        if rollout.observation.acting is not None:
            raise ConfigError(
                "a table learns from one step at a time, but here agents take turns, and what an action brings comes "
                "with the turns of others; train dqn, ppo, a2c or reinforce"
            )
        clock = replace(self.clock, share_done=share_done)
        rate = rate_at(self.config.learning_rate, clock)
        slices = self.policy.roster.slices.items()
        errors = torch.cat([self._learn(rollout, name, agents, rate) for name, agents in slices])
        ended = (rollout.terminated | rollout.truncated).all(-1)
        self.clock = replace(
            clock,
            env_steps=clock.env_steps + ended.numel(),
            updates=clock.updates + len(ended),
            episodes=clock.episodes + int(ended.sum()),
        )
        metrics = {
            "loss/value": float(errors.square().mean() / 2),
            "value/td_error": float(errors.abs().mean()),
            "exploration": self.policy.exploration,
            "optimiser/learning_rate": rate,
        }
        self.policy.epsilon.fill_(rate_at(self.config.exploration, self.clock))
        return metrics

    def state(self) -> State:
        """The clock, for a checkpoint."""
        return asdict(self.clock)

    def load_state(self, state: State) -> None:
        """Go on from a state that `state` gave."""
        self.clock = Clock(**state)

    @abstractmethod
    def _bootstrap(self, rollout: Rollout, name: str, agents: slice) -> Bootstrap:
        """Values of the successors of a class's agents."""

    def _learn(self, rollout: Rollout, name: str, agents: slice, rate: float) -> Tensor:
        """Update a class's table, and return the errors before each update of the agents that were there."""
        table, states = self.policy.values(name), partial(self.policy.states, name)
        values = table.view(-1)
        alive = rollout.observation.alive[..., agents].flatten(1)  # [T, K] of B copies and N_c agents, as all below
        cells = (states(rollout.observation.features[name]) * table.shape[1] + rollout.action[name]).flatten(1)
        successors = states(rollout.next_observation.features[name]).flatten(1)
        reward = rollout.reward[..., agents].flatten(1).to(table)
        discount = self.config.gamma * ~rollout.terminated[..., agents].flatten(1)
        step_size, bootstrap = rate * _shares(cells, alive), self._bootstrap(rollout, name, agents)
        errors = torch.empty_like(reward)
        for t, (cell, successor) in enumerate(zip(cells, successors, strict=True)):
            torch.sub(reward[t] + discount[t] * bootstrap(t, table[successor]), values[cell], out=errors[t])
            values.index_add_(0, cell, step_size[t] * errors[t])
        return errors[alive]


class QLearning(TableLearner):
    """Watkins' Q-learning: a successor is worth its best action.

    Reference: Sutton and Barto, "Reinforcement Learning: An Introduction", 2nd edition, section 6.5,
    http://incompleteideas.net/book/the-book-2nd.html. Arguments as of `TableLearner`.
    """

    def _bootstrap(self, rollout: Rollout, name: str, agents: slice) -> Bootstrap:
        legal = _legal(rollout, name)
        return lambda t, values: best_value(values, None if legal is None else legal[t])


class Sarsa(TableLearner):
    """SARSA: a successor is worth the action that was taken there.

    Where that is not known, after the last step of a rollout and of an episode that was cut, the expected value of
    the present epsilon-greedy choice takes its place (expected SARSA), which has the same mean. So a rollout of a
    single step is expected SARSA throughout.

    Reference: Sutton and Barto (see `QLearning`), sections 6.4 and 6.6. Arguments as of `TableLearner`.
    """

    def _bootstrap(self, rollout: Rollout, name: str, agents: slice) -> Bootstrap:
        legal, taken, known = _legal(rollout, name), _next_action(rollout, name), _goes_on(rollout, agents)

        def value(t: int, values: Tensor) -> Tensor:
            expected = expected_value(values, None if legal is None else legal[t], self.policy.epsilon)
            return torch.where(known[t], values.gather(-1, taken[t, :, None])[:, 0], expected)

        return value


def _legal(rollout: Rollout, name: str) -> Tensor | None:
    """``[T, K, A]``, legal actions of the successors."""
    masks = rollout.next_observation.action_mask
    return None if masks is None else masks[name].flatten(1, 2)


def _next_action(rollout: Rollout, name: str) -> Tensor:
    """``[T, K]``, the action of the step after, 0 after the last."""
    action = rollout.action[name].flatten(1)
    return torch.cat([action[1:], torch.zeros_like(action[:1])])


def _goes_on(rollout: Rollout, agents: slice) -> Tensor:
    """``[T, K]``, whether an agent acts in the step after, in the same episode."""
    over = rollout.terminated[..., agents] | rollout.truncated[..., agents]
    begins = torch.cat([rollout.started[1:], torch.ones_like(rollout.started[:1])])
    return ~(over | begins[..., None]).flatten(1)
