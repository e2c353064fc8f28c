"""Evaluations in training: the interface, and whole episodes in the run's environment."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from marl.core.environment import TaskEnvironment
from marl.core.errors import EnvironmentFailedError, Note, PictureError, UndrawableError
from marl.core.task import Task
from marl.evaluation.cast import groups_of
from marl.evaluation.episodes import MOST_NUMBERED, play_episodes, record_episode, score_name
from marl.evaluation.evaluate import class_returns, outcomes, summarise
from marl.policies.policy import Policy
from marl.training.run_config import RunConfig

__all__ = ["EVALUATION_SEED", "PICTURE_SEED", "EpisodeEvaluation", "Evaluation"]

PICTURE_WIDTH = 360
EVALUATION_SEED, PICTURE_SEED = 10_000, 20_000
"""Offsets from the run's seed, so that evaluations play other worlds than training."""


class Evaluation(Protocol):
    """Evaluation of the policy of a run, played between its iterations."""

    def measure(self, policy: Policy, watch: Callable[[int, int, int], bool]) -> dict[str, float]:
        """Measures by name.

        Args:
            policy: in evaluation mode.
            watch: called with the numbers of episodes or games that have ended, and of all, and with the env steps of
                these; False stops.

        Raises:
            StoppedError: if ``watch`` returned False.
        """
        ...

    def score(self, measures: Mapping[str, float]) -> float | None:
        """Number by which policies of the run compare, larger is better; None where there is none."""
        ...

    def draw(self, policy: Policy, watch: Callable[[], bool]) -> NDArray[np.uint8] | None:
        """Picture ``[H, W, 3]`` of an episode; None where there is none.

        Raises:
            StoppedError: if ``watch`` returned False.
        """
        ...


class EpisodeEvaluation:
    """Whole episodes in the run's environment. An `Evaluation`.

    Args:
        config: of the run.
        task: kind of the environment.
        device: device of the tensors.
    """

    def __init__(self, config: RunConfig[Any], task: Task, device: torch.device) -> None:
        self.config, self.task, self.device = config, task, device
        self._one: TaskEnvironment | None = None  # drawn in, and then asked who plays

    def measure(self, policy: Policy, watch: Callable[[int, int, int], bool]) -> dict[str, float]:
        """Means over the episodes; see `Evaluation`."""
        config = self.config
        episodes, seed = config.evaluation_episodes, EVALUATION_SEED + config.seed
        limits: dict[str, Any] = {
            "max_steps": config.evaluation_max_steps,
            "most_copies": min(MOST_NUMBERED, config.num_copies),
        }
        one, self._one = self._one or self._make(1), None
        limits["groups"] = groups_of(policy, config.env, one)

        def told(ended: int, env_steps: int) -> bool:
            return watch(ended, episodes, env_steps)

        table = play_episodes(self._make, policy, episodes, seed, watch=told, **limits)
        summary = summarise(table, dict(one.events), one.agent_noun)
        one.close()
        returns = {**class_returns(table), "all": summary[f"return_per_{one.agent_noun}"]}
        summary |= {f"return/{name}": estimate for name, estimate in returns.items()} | outcomes(table)
        return {name: e.value for name, e in summary.items() if e.value is not None}

    def score(self, measures: Mapping[str, float]) -> float | None:
        """Return of the agents that learn; none where several sides do, or where one wins what another loses."""
        learning = [side for side in self.config.sides.values() if not side.opponents]
        if len(learning) > 1 or (not learning and "share_drawn" in measures):
            return None
        groups = [name for name, side in self.config.sides.items() if side in learning]
        groups += [each.classes[0] for each in learning]
        names = (f"return/{name}" for name in groups)
        overall = next(name for name in measures if name.startswith("return_per_"))
        return measures[next((name for name in names if name in measures), overall)]

    def draw(self, policy: Policy, watch: Callable[[], bool]) -> NDArray[np.uint8] | None:
        """Contact sheet of an episode; see `Evaluation`."""
        from marl.pictures.recording import SparseRecording
        from marl.pictures.sheet import episode_sheet

        environment = self._one = self._make(1)
        recording, seed = SparseRecording(PICTURE_WIDTH), PICTURE_SEED + self.config.seed
        limits: dict[str, Any] = {
            "max_steps": self.config.evaluation_max_steps,
            "watch": lambda _: watch(),
            "wants": recording.wants,
        }
        try:
            scores = record_episode(environment, policy, seed, recording.append, **limits)
            names, moments = tuple(environment.roster.team), recording.spread()
            return episode_sheet(recording, scores, score_name(environment), names, PICTURE_WIDTH, moments)
        except PictureError as error:
            warnings.warn(f"an episode is left without its picture: {error}", Note, stacklevel=2)
            return None
        except UndrawableError:
            return None

    def _make(self, num_copies: int) -> TaskEnvironment:
        try:
            return self.task.make(self.config.env, num_copies, training=False, device=self.device)
        except ValueError as error:  # that of training was made from the same settings
            raise EnvironmentFailedError(f"the environment of an evaluation failed: {error}") from error
