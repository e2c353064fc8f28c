"""Copies of a PettingZoo environment, stepped in one process by SuperSuit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import supersuit
from numpy.typing import NDArray
from pettingzoo.utils.conversions import aec_to_parallel_wrapper

from marl.tasks.episode_seeds import EpisodeSeeds
from marl.tasks.flat_observation import Env
from marl.tasks.generators import Draws
from marl.tasks.guard import Guard, GuardedParallelEnv

__all__ = ["TERMINAL", "SuperSuitCopies"]

TERMINAL = "terminal_observation"
"""Name in a row's infos of the last observation of an episode, as the row has the first of the next."""

Rows = NDArray[Any]
"""``[B * N, ...]``, one row an agent."""


class SuperSuitCopies:
    """``B`` copies of a ParallelEnv, with a guard round each and one round all.

    Args:
        env: observes flat vectors.
        num_copies: ``B``.
        guard: of all; the copies have its name.
        pad_actions: True if the agents' action spaces differ.
        scene: makes the scene or picture of one; None if it cannot be drawn.

    Raises:
        EnvironmentFailedError: at a reset or a step, if a copy fails.
    """

    def __init__(
        self, env: Env, num_copies: int, guard: Guard, pad_actions: bool, scene: Callable[[Env], Any] | None = None
    ) -> None:
        padded = supersuit.pad_observations_v0(GuardedParallelEnv(env, guard))
        if pad_actions:
            padded = supersuit.pad_action_space_v0(padded)
        one = supersuit.pettingzoo_env_to_vec_env_v1(padded)
        self._guard, self._vector = guard, supersuit.concat_vec_envs_v1(one, num_copies, num_cpus=0)
        self.copies, draws = [_guarded(copy.par_env) for copy in self._vector.vec_envs], Draws()
        for number, copy in enumerate(self.copies):
            copy.become(number, num_copies, draws, scene)

    def reset(self, seeds: Sequence[EpisodeSeeds] | None = None) -> Rows:
        """Begin the next episode in every copy; with ``seeds``, of these series."""
        for copy, series in zip(self.copies, seeds or (), strict=seeds is not None):
            copy.seeds = series
        self._rows, _ = self._guard(self._vector.reset)
        return self._rows

    def restart(self, copies: NDArray[np.bool_]) -> Rows:
        """Begin the next episode in some copies, ``[B]``."""
        rows = self._rows.reshape(len(copies), -1, *self._rows.shape[1:])
        for copy in copies.nonzero()[0]:
            rows[copy], _ = self._guard(self._vector.vec_envs[copy].reset)
        return self._rows

    def step(self, actions: Rows) -> tuple[Rows, Rows, Rows, Rows, list[dict[str, Any]]]:
        """Step every copy; one whose episode ends begins the next."""
        self._rows, *rest = self._guard(self._vector.step, actions)
        return self._rows, *rest

    def close(self) -> None:
        """Close every copy."""
        self._vector.close()


def _guarded(env: Any) -> GuardedParallelEnv:
    """Guarded environment inside one of SuperSuit's copies."""
    while not isinstance(env, GuardedParallelEnv):
        env = env.aec_env if isinstance(env, aec_to_parallel_wrapper) else env.env
    return env
