"""AlphaZero: a network learns what a search with it finds, and how games that it plays against itself end."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from marl.algorithms.alpha_zero_config import AlphaZeroConfig, ArenaConfig
from marl.algorithms.history import History
from marl.algorithms.learner import NonFiniteError
from marl.algorithms.optimiser import Momentum, Optimiser
from marl.core.environment import State
from marl.core.game import Game
from marl.core.game_structure import GameSymmetries
from marl.games.arena import play_arena
from marl.games.openings import random_opening
from marl.games.positions import Positions
from marl.games.self_play import Samples
from marl.maths.intervals import wilson_interval
from marl.maths.schedules import scheduled
from marl.policies.game_network import GameNetwork, NetworkEvaluator

__all__ = ["AlphaZero", "FiniteEvaluator"]


class FiniteEvaluator(NetworkEvaluator):
    """Evaluation by a network that learns, whose weights may leave the range of numbers."""

    def evaluate(self, positions: Positions) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """See `NetworkEvaluator`.

        Raises:
            NonFiniteError: if the network's output is not finite.
        """
        logits, values = super().evaluate(positions)
        if not (np.isfinite(logits).all() and np.isfinite(values).all()):
            raise NonFiniteError("the network's output")
        return logits, values


class AlphaZero:
    """Train a network on positions of self-play. A `Learner`.

    The loss is the cross-entropy to what the search found, plus the squared error of the players' values. Where there
    is an arena, the network plays the best one every so many iterations, and becomes the best if it is better.
    Reference: Silver et al., "A general reinforcement learning algorithm that masters chess, shogi, and Go through
    self-play", Science 362 (2018), https://doi.org/10.1126/science.aar6404; the arena is of Silver et al., "Mastering
    the game of Go without human knowledge", Nature 550 (2017), https://doi.org/10.1038/nature24270.

    Args:
        policy: is trained in place.
        config: settings.
        seed: of what is drawn from the history, and of arenas.
        game: first position.
        symmetries: of the game; None for none.
        history: of positions.

    Raises:
        ConfigError: if games do not last as long as the openings of the arena.
    """

    def __init__(
        self,
        policy: GameNetwork,
        config: AlphaZeroConfig,
        seed: int,
        game: Game,
        symmetries: GameSymmetries | None,
        history: History,
    ) -> None:
        self.policy, self.config, self.game, self.history = policy, config, game, history
        self.symmetries = symmetries if config.symmetries else None
        if config.arena is not None:
            opening, place = config.arena.random_moves, "algorithm.arena.random_moves"
            random_opening(game, opening, np.random.default_rng(0), place)  # refused before the first arena
        self.best = policy if config.arena is None else copy.deepcopy(policy).requires_grad_(False)
        """The network that plays: the best one of all arenas, or the one that learns."""
        self.seed, self.iteration, self.elo = seed, 0, 0.0
        self.optimiser = self._optimiser()
        self._restorable = self.optimiser.state()
        self._latest: dict[str, float] = {}  # of the latest arena; logs are not written in each iteration

    def begin_with(self, parts: dict[int, Samples]) -> None:
        """Keep the positions of another run, and count iterations on from its own."""
        self.history.begin_with(parts)
        self.iteration = max(parts)

    def update(self, batch: Samples, share_done: float) -> dict[str, float]:
        """Learn from the history with these positions; see `Learner.update`.

        Raises:
            NonFiniteError: see `Learner.update`.
        """
        self.iteration += 1
        if len(batch):
            self.history.add(self.iteration, batch.last(self.config.most_positions))
        if not len(self.history):
            return {}
        rate = scheduled(self.config.learning_rate, share_done)
        epochs = self.config.epochs
        draws = len(batch) * self.config.reuse if epochs is None else len(self.history) * epochs
        metrics = self._learn(math.ceil(draws / self.config.batch_size), rate)
        metrics |= {"optimiser/learning_rate": rate, "history/positions": float(len(self.history))}
        arena = self.config.arena
        if arena is not None and self.iteration % arena.every == 0:
            self._latest = self._play_arena(arena)
        return metrics | self._latest

    def state(self) -> State:
        """Everything that is needed to go on; see `Learner`."""
        return {
            "optimiser": self.optimiser.state(),
            "restorable": self._restorable,
            "best": {} if self.best is self.policy else dict(self.best.state_dict()),
            "iteration": self.iteration,
            "elo": self.elo,
            "latest": dict(self._latest),
            "history": self.history.state(),
        }

    def load_state(self, state: State) -> None:
        """Go on from a state that `state` gave; see `Learner`."""
        self.optimiser.load_state(state["optimiser"])
        self._restorable = dict(state["restorable"])
        if self.best is not self.policy:
            self.best.load_state_dict(state["best"])
        self.iteration, self.elo, self._latest = state["iteration"], state["elo"], dict(state["latest"])
        self.history.load_state(state["history"])

    def _learn(self, steps: int, rate: float) -> dict[str, float]:
        sums = {"loss/policy": 0.0, "loss/value": 0.0, "optimiser/gradient_norm": 0.0}
        if not steps:
            return {}
        generator, device = self._generator(0), self.policy.device
        phases, absent = len(self.policy.heads), 0
        self.policy.train()
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(int(self._generator(2).integers(2**63)))  # of dropout, which has no generator of its own
            for batch in self._batches(steps, generator):
                policy, value = self._losses(*batch)
                norm = self.optimiser.backward(policy + self.config.value_coef * value, self.config.max_grad_norm)
                for name, quantity in (("policy loss", policy), ("value loss", value), ("gradient", norm)):
                    if not bool(quantity.isfinite()):
                        raise NonFiniteError(name)
                self.optimiser.step(rate)
                for name, quantity in zip(sums, (policy, value, norm), strict=True):
                    sums[name] += float(quantity.detach())
                if phases > 1:
                    absent += phases - len(batch[2].unique())
        told = {name: total / steps for name, total in sums.items()}
        return told if phases == 1 else {**told, "history/phases_absent": absent / steps}

    def _losses(
        self, seen: Tensor, legal: Tensor, phase: Tensor, target: Tensor, value: Tensor
    ) -> tuple[Tensor, Tensor]:
        logits, values = self.policy(seen, phase)
        # zero times minus infinity is no number, and shares of illegal actions are zero
        logs = logits.masked_fill(~legal, -torch.inf).log_softmax(1).masked_fill(~legal, 0.0)
        return -(target * logs).sum(1).mean(), (values - value).square().mean()

    def _batches(self, steps: int, generator: np.random.Generator) -> Iterator[tuple[Tensor, ...]]:
        """Positions drawn evenly, each turned by a symmetry of its own."""
        samples, device = self.history.samples, self.policy.device
        for _ in range(steps):
            rows = generator.integers(len(samples), size=self.config.batch_size)
            seen, legal, target = samples.observation[rows], samples.legal[rows], samples.policy[rows]
            if self.symmetries is not None:
                drawn = generator.integers(self.symmetries.order, size=len(rows))
                action = self.symmetries.action[drawn]
                seen = np.take_along_axis(seen, self.symmetries.observation[drawn], 1)
                legal, target = np.take_along_axis(legal, action, 1), np.take_along_axis(target, action, 1)
            arrays = (seen, legal, samples.phase[rows], target, samples.value[rows])
            tensors = [torch.from_numpy(array).to(device) for array in arrays]
            yield (tensors[0].float(), *tensors[1:])

    def _play_arena(self, arena: ArenaConfig) -> dict[str, float]:
        generator = self._generator(1)
        new, best = FiniteEvaluator(self.policy), FiniteEvaluator(self.best)
        settings = (arena.games, arena.random_moves, arena.temperature_moves, generator)
        result = play_arena(self.game, new, best, self.config.search, *settings)
        accepted = result.passes(arena.threshold)
        if accepted:
            self.best.load_state_dict(self.policy.state_dict())
            self._restorable, self.elo = self.optimiser.state(), self.elo + result.elo
        elif arena.on_rejection == "restore":
            self.policy.load_state_dict(self.best.state_dict())
            self.optimiser.load_state(self._restorable)
        low, high = wilson_interval(result.score * len(result.points), len(result.points))
        told = {"score": result.score, "score_low": low, "score_high": high, "accepted": accepted, "elo": self.elo}
        return {f"arena/{name}": float(value) for name, value in told.items()}

    def _optimiser(self) -> Optimiser:
        kind = Momentum if self.config.optimiser == "sgd" else Optimiser
        return kind(list(self.policy.parameters()), weight_decay=self.config.weight_decay)

    def _generator(self, purpose: int) -> np.random.Generator:
        """Generator of this iteration, so that nothing of it must be stored."""
        return np.random.default_rng([self.seed, self.iteration, purpose])
