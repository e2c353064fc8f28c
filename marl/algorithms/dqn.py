"""Deep Q-learning."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from marl.algorithms.configs import DQNConfig
from marl.algorithms.learner import NonFiniteError
from marl.algorithms.optimiser import Optimiser
from marl.algorithms.priorities import Drawing, Prioritised, Uniform
from marl.algorithms.replay import Replay
from marl.algorithms.windows import TurnWindow, Window
from marl.core.environment import State
from marl.core.errors import ConfigError
from marl.core.record_fields import Record
from marl.core.records import Observation, Rollout
from marl.core.seeding import SHUFFLING, stream
from marl.core.symmetry import Symmetries
from marl.maths.losses import masked_mean, regression
from marl.maths.returns import n_step_return, turn_return
from marl.maths.schedules import Clock, rate_at, scheduled
from marl.policies.q_network import QNetwork, value_of

__all__ = ["DQN"]


@dataclass(frozen=True)
class ReplayBatch(Record):
    """Batch of one step of the optimiser; ``G`` groups as the mixer has them.

    Args:
        observation: ``[M, ...]``, scaled.
        action: for each class ``[M, N_c]``.
        returns: ``[M, G]``, rewards up to the successor.
        discount: ``[M, G]``, weight of the successor's value.
        next_observation: ``[M, ...]``, the successor, scaled; in turns ``[M, N, ...]``, that of each agent.
        weight: ``[M, G]`` of each error in the loss; 0 for groups of which nobody is there.
        valid: ``[M, G]``, True for the others.
        places: ``[M]`` in the replay.
    """

    observation: Observation
    action: dict[str, Tensor]
    returns: Tensor
    discount: Tensor
    next_observation: Observation
    weight: Tensor
    valid: Tensor
    places: Tensor


@dataclass(frozen=True)
class Learnt(Record):
    """One step of the optimiser.

    Args:
        chosen: ``[M, G]``, values of the chosen actions before it.
        target: ``[M, G]``.
        loss: scalar.
        norm: scalar, of the gradient before it was scaled down.
    """

    chosen: Tensor
    target: Tensor
    loss: Tensor
    norm: Tensor


class DQN:
    """Deep Q-learning from a replay, for any team. A `Learner`.

    The value of an action is trained towards the rewards of the next steps plus the discounted value of the best
    action after them. Each agent learns by itself with parameters shared by its class, or the policy's mixer makes
    one value of the team's.
    Reference: Mnih et al., "Human-level control through deep reinforcement learning", Nature 518 (2015),
    https://doi.org/10.1038/nature14236; van Hasselt et al., "Deep Reinforcement Learning with Double Q-learning",
    https://arxiv.org/abs/1509.06461.

    Args:
        policy: is trained in place.
        config: settings.
        seed: of what is drawn from the replay.
        symmetries: not used.
    """

    def __init__(self, policy: QNetwork, config: DQNConfig, seed: int, symmetries: Symmetries | None = None) -> None:
        self.policy, self.config = policy, config
        self.generator = stream(seed, SHUFFLING, policy.device)
        self.clock = Clock()
        self.replay = Replay(config.replay_capacity, config.n_step)
        self.drawing: Drawing = Uniform() if config.prioritised is None else Prioritised(config.prioritised)
        self.target = policy
        if config.target is not None:
            self.target = copy.deepcopy(policy).requires_grad_(False)
            self.target.trunk.features = policy.trunk.features  # both see the same
        self.optimiser = Optimiser(list(policy.parameters()))
        self._explore()

    def update(self, rollout: Rollout, share_done: float) -> dict[str, float]:
        """Keep a rollout and learn from the replay; see `Learner.update`.

        Raises:
            NonFiniteError: see `Learner.update`.
            ConfigError: if the rollout, or a batch, has more transitions than the replay can keep.
        """
        if self.config.terminal_reward is not None:
            reward = rollout.reward.masked_fill(rollout.terminated, self.config.terminal_reward)
            rollout = replace(rollout, reward=reward)
        self.drawing.added(self.replay.add(rollout), self.replay.places)
        if self.replay.places < self.config.batch_size:
            raise ConfigError(
                f"algorithm.replay_capacity is {self.config.replay_capacity}, of which {self.replay.places} are used, "
                f"whole rows of {rollout.started.shape[1]} copies: fewer than batch_size {self.config.batch_size}; "
                "raise replay_capacity, or lower batch_size"
            )
        ended = int((rollout.terminated | rollout.truncated).all(-1).sum())
        env_steps = self.clock.env_steps + rollout.started.numel()
        self.clock = Clock(env_steps, self.clock.updates, self.clock.episodes + ended, share_done)
        rate = scheduled(self.config.learning_rate, share_done)
        metrics = self._learn(rate) if env_steps >= self.config.learning_starts else {}
        self.policy.trunk.features.update(rollout.observation)
        self._explore()
        exploration = rate_at(self.config.exploration, self.clock)
        return metrics | {"exploration": exploration, "optimiser/learning_rate": rate, "replay/size": self.replay.size}

    def state(self) -> State:
        """Optimiser, target network, replay, clock and what draws, for a checkpoint."""
        return {
            "optimiser": self.optimiser.state(),
            "target": None if self.target is self.policy else dict(self.target.state_dict()),
            "replay": self.replay.state(),
            "drawing": self.drawing.state(),
            "clock": vars(self.clock),
            "generator": self.generator.get_state(),
        }

    def load_state(self, state: State) -> None:
        """Go on from a state that `state` gave.

        Raises:
            ValueError: if it was trained with another capacity of the replay, or without the priorities there are now.
        """
        self.optimiser.load_state(state["optimiser"])
        if self.target is not self.policy:
            self.target.load_state_dict(self.policy.state_dict() if state["target"] is None else state["target"])
        self.replay.load_state(state["replay"], self.policy.device)
        self.drawing.load_state(state["drawing"], self.replay.places, self.policy.device)
        self.clock = Clock(**state["clock"])
        self.generator.set_state(state["generator"])

    def _explore(self) -> None:
        self.policy.epsilon.fill_(rate_at(self.config.exploration, self.clock))

    def _learn(self, rate: float) -> dict[str, float]:
        drawn = self._draw()
        steps = []
        for batch in drawn.split(self.config.batch_size):
            steps.append(self._step(batch, rate))
            self.clock = replace(self.clock, updates=self.clock.updates + 1)
            if self.config.target is not None:
                self.config.target.follow(self.target, self.policy, self.clock.updates)
        chosen, target = (torch.cat([getattr(step, name) for step in steps]) for name in ("chosen", "target"))
        error = (target - chosen).masked_fill(~drawn.valid, 0.0)
        self.drawing.learnt(drawn.places, error.abs().amax(-1))
        loss, norm = (torch.stack([getattr(step, name) for step in steps]).mean() for name in ("loss", "norm"))
        metrics = {
            "loss/value": loss,
            "optimiser/gradient_norm": norm,
            "value/q_value": masked_mean(chosen, drawn.valid),
        }
        return dict(zip(metrics, torch.stack(list(metrics.values())).tolist(), strict=True))

    def _draw(self) -> ReplayBatch:
        """All batches of an iteration, one after the other."""
        config, mixer = self.config, self.policy.mixer
        count = config.updates_per_iteration * config.batch_size
        places, weight = self.drawing.draw(count, self.replay.size, self.clock.share_done, self.generator)
        # a team's value goes from step to step, whoever is to move; that of an agent from one of its turns to the next
        outcome = self._turns if self.replay.has_turns and mixer.apart else self._outcome
        window, returns, discount, successor, valid = outcome(places)
        number = valid.view(config.updates_per_iteration, -1).sum(1).clamp(min=1)  # of each batch
        weight = weight / number.repeat_interleave(config.batch_size)
        return ReplayBatch(
            observation=self.policy.trunk.features(window.observation),
            action=window.action,
            returns=returns,
            discount=discount,
            next_observation=self.policy.trunk.features(successor),
            weight=valid * weight[:, None],
            valid=valid,
            places=places,
        )

    def _outcome(self, places: Tensor) -> tuple[Window, Tensor, Tensor, Observation, Tensor]:
        """Windows from some places, returns, discounts ``[M, G]``, successors, and which groups count ``[M, G]``."""
        mixer, window = self.policy.mixer, self.replay.read(places)
        reward = mixer.reward(window.reward, window.alive)
        ends = mixer.everyone(window.terminated)
        returns, discount = n_step_return(reward, ends, window.taken, self.config.gamma)
        return window, returns, discount, window.next_observation, ~mixer.everyone(~window.observation.to_move)

    def _turns(self, places: Tensor) -> tuple[TurnWindow, Tensor, Tensor, Observation, Tensor]:
        """As `_outcome`, from each agent's turn to its next; its successor is another step for each."""
        window = self.replay.read_turns(places)
        flags = (window.follows, window.terminated, window.ended, window.taken)
        returns, discount, last, known = turn_return(window.reward, *flags, self.config.n_step, self.config.gamma)
        successor = self.replay.successors(window.places.gather(1, last))
        return window, returns, discount, successor, window.observation.to_move & known

    @torch.no_grad()
    def _targets(self, batch: ReplayBatch) -> Tensor:
        """``[M, G]``, targets of the chosen actions' values."""
        successor = batch.next_observation
        values = self.target.values_of_scaled(successor)
        choosing = self.policy.values_of_scaled(successor) if self.config.double else values
        best = value_of(values, self.policy.best(choosing, successor))
        if best.ndim == 3:
            best = best.diagonal(dim1=1, dim2=2)  # each agent in its own successor
        return batch.returns + batch.discount * self.target.mixer(best, successor)

    def _step(self, batch: ReplayBatch, rate: float) -> Learnt:
        """One step of the optimiser."""
        target = self._targets(batch)
        values = self.policy.values_of_scaled(batch.observation)
        chosen = self.policy.mixer(value_of(values, batch.action), batch.observation)
        loss = (regression(chosen, target, self.config.loss, self.config.huber_delta) * batch.weight).sum()
        norm = self.optimiser.backward(loss, self.config.max_grad_norm)
        if not math.isfinite(norm.item()):
            raise NonFiniteError("optimiser/gradient_norm" if bool(loss.isfinite()) else "loss/value")
        self.optimiser.step(rate)
        return Learnt(chosen.detach(), target, loss.detach(), norm)
